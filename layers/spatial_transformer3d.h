// Spatial transformer of volumes: localisation network -> affine theta -> grid -> sampler
// (Jaderberg et al. 2015, appendix A.3).
#pragma once

#include <memory>

#include "layers/grid_sample.h"
#include "layers/module.h"

namespace fovea {

struct SpatialTransform3dOptions {
  int depth = 0, height = 0, width = 0;  ///< of the output; 0: as the input
  GridSampleOptions sampler{};           ///< its align_corners serves the grid as well
};

/// The volume `x`, per sample [C, D, H, W], sampled where `theta`, per sample [3, 4] or [12], says:
/// see affine_grid3d(). Throws Error when shapes do not fit, or x is empty.
Tensor spatial_transform3d(const Tensor& x, const Tensor& theta,
                           const SpatialTransform3dOptions& options = {});

/// Warps its input, a volume, by what its localisation network finds in it: any module with 12
/// outputs. Initialise its last layer with init_identity3d().
class SpatialTransformer3d : public Module {
 public:
  explicit SpatialTransformer3d(std::unique_ptr<Module> localization,
                                const SpatialTransform3dOptions& options = {});

  Tensor theta(const Tensor& x) const;  ///< per sample [3, 4]
  Tensor forward(const Tensor& x) const override;
  std::string describe() const override { return "SpatialTransformer3d(affine)"; }

 private:
  std::unique_ptr<Module> localization_;
  SpatialTransform3dOptions options_;
};

/// Sets the last two parameters of `localization`, weight [12, ...] and bias [12], to predict the
/// identity for every input. Throws Error if the sizes differ.
void init_identity3d(const Module& localization);

}  // namespace fovea
