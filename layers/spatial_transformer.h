// Spatial transformer: localisation network -> theta -> sampling grid -> sampler.
#pragma once

#include <memory>
#include <vector>

#include "layers/chain.h"
#include "layers/grid_sample.h"
#include "layers/warp.h"

namespace fovea {

struct SpatialTransformOptions {
  int height = 0;               ///< of the output; 0: as the input
  int width = 0;                ///< of the output; 0: as the input
  GridSampleOptions sampler{};  ///< its align_corners serves the grid as well
  /// An output that is coarser than the input is sampled ceil(input / output) times as finely in
  /// each direction, and averaged: each output pixel is the mean over its area, with every warp and
  /// padding, and gradients reach all pixels below it. The finer size follows from the sizes alone:
  /// a theta that zooms out further still skips pixels. Changes nothing where the output has the
  /// input's size or more; not with align_corners.
  bool antialias = false;
  int steps = 1;  ///< of a SpatialTransformer: how often it looks; see there
};

/// `x`, per sample [C, H, W], warped by `theta`, per sample with the elements that `warp` takes; by
/// default affine, [2, 3] or [6]. The grid and its gradient exist a row at a time. `warp` must
/// outlive the backward pass. Throws Error when shapes do not fit, or x is empty.
Tensor spatial_transform(const Tensor& x, const Tensor& theta,
                         const SpatialTransformOptions& options = {});
Tensor spatial_transform(const Tensor& x, const Tensor& theta, const Warp& warp,
                         const SpatialTransformOptions& options = {});

/// Warps its input, an image or feature maps, by what its localisation network finds in it. That
/// may be any module with as many outputs as the family takes (default: AffineWarp); initialise
/// its last layer with init_identity() so that training starts from no warp.
///
/// With steps > 1 it is recurrent (Lin and Lucey 2017, "Inverse compositional spatial transformer
/// networks"): the same localisation network looks at the warped image again and says what is left
/// to do; thetas are composed, and it is the original image that is resampled. The family must
/// compose.
class SpatialTransformer : public Module {
 public:
  SpatialTransformer(std::unique_ptr<Module> localization,
                     const SpatialTransformOptions& options = {});
  /// `localization` becomes the child of this name.
  SpatialTransformer(std::unique_ptr<Module> localization, std::shared_ptr<const Warp> warp,
                     const SpatialTransformOptions& options = {});
  /// A localisation network of modules in a row that belong to somebody else, the network around
  /// this or another transformer; they must outlive it.
  SpatialTransformer(Chain localization, std::shared_ptr<const Warp> warp,
                     const SpatialTransformOptions& options = {});

  Tensor theta(const Tensor& x) const;  ///< per sample, of the family's theta_shape(); composed
  Tensor forward(const Tensor& x) const override;
  std::string describe() const override;

  const Warp& warp() const { return *warp_; }
  const SpatialTransformOptions& options() const { return options_; }
  /// Those of the localisation network, which often wants a smaller learning rate.
  std::vector<Tensor> localization_parameters() const;

 private:
  Tensor found_in(const Tensor& x) const;  // by one look

  std::unique_ptr<Module> owned_;
  Chain localization_;
  std::shared_ptr<const Warp> warp_;
  SpatialTransformOptions options_;
};

/// Sets the last layer of a localisation network, `weight` [N, ...] and `bias` [N], to predict the
/// identity of an N-parameter family for every input. Throws Error if the sizes differ.
void init_identity(const Tensor& weight, const Tensor& bias, const Warp& warp);
void init_identity(const Tensor& weight, const Tensor& bias);  ///< of affine transforms
/// The same for the last two parameters of `localization`.
void init_identity(const Module& localization, const Warp& warp);

/// The transformers of a network, in order of registration: wherever they are in it.
std::vector<const SpatialTransformer*> spatial_transformers(const Module& network);

/// What one transformer did to one tile.
struct Transformation {
  const SpatialTransformer* transformer;
  Tensor input, theta, output;
};

/// Notes what the transformers that run on this thread do, while it lives.
class TransformerObserver {
 public:
  TransformerObserver();
  ~TransformerObserver();
  TransformerObserver(const TransformerObserver&) = delete;
  TransformerObserver& operator=(const TransformerObserver&) = delete;

  std::vector<Transformation> seen;  ///< in the order in which they ran

 private:
  TransformerObserver* outer_;
};

}  // namespace fovea
