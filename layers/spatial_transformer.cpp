#include "layers/spatial_transformer.h"

#include <algorithm>

#include "core/autograd.h"
#include "core/debug.h"
#include "layers/affine_grid.h"
#include "layers/kernels/grid_sampler.h"

namespace fovea {

Tensor spatial_transform(const Tensor& x, const Tensor& theta, const SpatialTransformOptions& o) {
  require(x.is_per_sample() && x.shape().rank() == 3 && x.size() > 0,
          "[spatial_transform] input must be per-sample [C, H, W], got ", x);
  const AffineGridOptions shape{.height = o.height ? o.height : x.shape()[1],
                                .width = o.width ? o.width : x.shape()[2],
                                .align_corners = o.sampler.align_corners};
  // A trace shows the two operations, so that exporters need not know this one.
  if (tracing()) return grid_sample(x, affine_grid(theta, shape), o.sampler);
  // Row by row the grid and its gradient stay in the L1 cache.
  AffineRows rows(theta, shape);
  const int width = shape.width, outputs = shape.height * width;
  GridSampler sampler(x, outputs, o.sampler, grad_wanted({theta}), grad_wanted({x}));
  Tensor y = Tensor::per_sample({x.shape()[0], shape.height, width});
  const Buffer<Lanes> grid(2 * static_cast<std::size_t>(width));
  for (int i = 0; i < shape.height; ++i) {
    rows.row(theta, i, grid.data());
    sampler.sample(grid.data(), i * width, width, y.lanes());
  }
  sampler.release_image();
  return record("spatial_transform", y, {x, theta},
                [rows = std::move(rows), sampler = std::move(sampler), width, outputs](
                    const Tensor& dy, GradSink& grad) {
                  if (Tensor* dx = grad.wanted(0)) sampler.image_grad(dy.lanes(), dx->lanes());
                  Tensor* dtheta = grad.wanted(1);
                  if (!dtheta) return;
                  const Buffer<Lanes> dgrid(2 * static_cast<std::size_t>(width));
                  for (int i = 0; i * width < outputs; ++i) {
                    sampler.grid_grad(dy.lanes(), i * width, width, dgrid.data());
                    rows.add_grad(i, dgrid.data(), dtheta->lanes());
                  }
                });
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
