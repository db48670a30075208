// Spatial transformer: localisation network -> theta -> sampling grid -> sampler.
#pragma once

#include <memory>

#include "layers/grid_sample.h"
#include "layers/module.h"

namespace fovea {

struct SpatialTransformOptions {
  int height = 0;               ///< of the output; 0: as the input
  int width = 0;                ///< of the output; 0: as the input
  GridSampleOptions sampler{};  ///< its align_corners serves the grid as well
};

/// `x`, per sample [C, H, W], warped by the affine transforms `theta`, per sample [2, 3] or [6].
Tensor spatial_transform(const Tensor& x, const Tensor& theta,
                         const SpatialTransformOptions& options = {});

/// Warps its input by what its localisation network finds in it. The network may be any module with
/// six outputs; initialise its last layer with init_identity() so that training starts from no
/// warp.
class SpatialTransformer : public Module {
 public:
  SpatialTransformer(std::unique_ptr<Module> localization,
                     const SpatialTransformOptions& options = {});

  Tensor theta(const Tensor& x) const;  ///< per sample [2, 3]
  Tensor forward(const Tensor& x) const override;
  std::string describe() const override { return "SpatialTransformer"; }

 private:
  std::unique_ptr<Module> localization_;
  SpatialTransformOptions options_;
};

/// Sets the last layer of a localisation network to predict the identity for every input: weight 0,
/// bias [1, 0, 0, 0, 1, 0].
void init_identity(const Tensor& weight, const Tensor& bias);

}  // namespace fovea
