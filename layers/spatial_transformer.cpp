#include "layers/spatial_transformer.h"

#include <algorithm>

#include "layers/affine_grid.h"

namespace fovea {

Tensor spatial_transform(const Tensor& x, const Tensor& theta, const SpatialTransformOptions& o) {
  require(x.is_per_sample() && x.shape().rank() == 3,
          "[spatial_transform] input must be per-sample [C, H, W], got ", x);
  const Tensor grid = affine_grid(theta, {.height = o.height ? o.height : x.shape()[1],
                                          .width = o.width ? o.width : x.shape()[2],
                                          .align_corners = o.sampler.align_corners});
  return grid_sample(x, grid, o.sampler);
}

SpatialTransformer::SpatialTransformer(std::unique_ptr<Module> localization,
                                       const SpatialTransformOptions& options)
    : localization_(std::move(localization)), options_(options) {
  require(localization_ != nullptr, "[spatial_transformer] needs a localisation network");
  add_module("localization", *localization_);
}

Tensor SpatialTransformer::theta(const Tensor& x) const {
  return (*localization_)(x).reshape({2, 3});
}

Tensor SpatialTransformer::forward(const Tensor& x) const {
  return spatial_transform(x, theta(x), options_);
}

void init_identity(const Tensor& weight, const Tensor& bias) {
  require(bias && bias.size() == 6 && weight.shape()[0] == 6,
          "[init_identity] the last localisation layer must have 6 outputs and a bias, got weight ",
          weight, " and bias ", bias);
  weight.fill(0);
  constexpr Real identity[6] = {1, 0, 0, 0, 1, 0};
  std::copy_n(identity, 6, bias.data());
}

}  // namespace fovea
