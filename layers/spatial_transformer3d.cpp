#include "layers/spatial_transformer3d.h"

#include <algorithm>

#include "layers/affine_grid3d.h"

namespace fovea {

Tensor spatial_transform3d(const Tensor& x, const Tensor& theta,
                           const SpatialTransform3dOptions& o) {
  require(x.is_per_sample() && x.shape().rank() == 4 && x.size() > 0,
          "[spatial_transform3d] input must be per-sample [C, D, H, W], got ", x);
  const Tensor grid = affine_grid3d(theta, {.depth = o.depth ? o.depth : x.shape()[1],
                                            .height = o.height ? o.height : x.shape()[2],
                                            .width = o.width ? o.width : x.shape()[3],
                                            .align_corners = o.sampler.align_corners});
  return grid_sample(x, grid, o.sampler);
}

SpatialTransformer3d::SpatialTransformer3d(std::unique_ptr<Module> localization,
                                           const SpatialTransform3dOptions& options)
    : localization_(std::move(localization)), options_(options) {
  require(localization_ != nullptr, "[spatial_transformer3d] needs a localisation network");
  add_module("localization", *localization_);
}

Tensor SpatialTransformer3d::theta(const Tensor& x) const {
  const Tensor found = (*localization_)(x);
  require(found.size() == 12, "[spatial_transformer3d] the localisation network has ", found.size(),
          " outputs: give its last layer 12, a matrix [3, 4]");
  return found.reshape({3, 4});
}

Tensor SpatialTransformer3d::forward(const Tensor& x) const {
  return spatial_transform3d(x, theta(x), options_);
}

void init_identity3d(const Module& localization) {
  const std::vector<Tensor> all = localization.parameters();
  require(all.size() >= 2 && all.back().size() == 12 && all[all.size() - 2].shape().rank() > 0 &&
              all[all.size() - 2].shape()[0] == 12,
          "[init_identity3d] the localisation network must end in a layer with 12 outputs and a "
          "bias");
  all[all.size() - 2].fill(0);
  std::ranges::copy(std::initializer_list<Real>{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0},
                    all.back().data());
}

}  // namespace fovea
