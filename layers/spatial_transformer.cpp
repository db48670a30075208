#include "layers/spatial_transformer.h"

#include <algorithm>

#include "core/autograd.h"
#include "core/trace.h"
#include "layers/avg_pool2d.h"
#include "layers/kernels/grid_sampler.h"
#include "layers/warps/affine.h"

namespace fovea {

namespace {

const std::shared_ptr<const Warp>& affine() {
  static const std::shared_ptr<const Warp> warp = std::make_shared<AffineWarp>();
  return warp;
}

thread_local TransformerObserver* observer = nullptr;

// SpatialTransformOptions::antialias.
Tensor averaged(const Tensor& x, const Tensor& theta, const Warp& warp, SpatialTransformOptions o) {
  require(
      !o.sampler.align_corners,
      "[spatial_transform] antialias averages the area of output pixels, of which align_corners "
      "knows only centres: leave one of them out");
  const int height = o.height ? o.height : x.shape()[1], width = o.width ? o.width : x.shape()[2];
  o.antialias = false;
  o.height = height * ((x.shape()[1] + height - 1) / height);
  o.width = width * ((x.shape()[2] + width - 1) / width);
  const Tensor fine = spatial_transform(x, theta, warp, o);
  return fine.shape() == Shape{x.shape()[0], height, width}
             ? fine
             : adaptive_avg_pool2d(fine, height, width);
}

}  // namespace

Tensor spatial_transform(const Tensor& x, const Tensor& theta, const SpatialTransformOptions& o) {
  return spatial_transform(x, theta, *affine(), o);
}

Tensor spatial_transform(const Tensor& x, const Tensor& theta, const Warp& warp,
                         const SpatialTransformOptions& o) {
  require(x.is_per_sample() && x.shape().rank() == 3 && x.size() > 0,
          "[spatial_transform] input must be per-sample [C, H, W], got ", x);
  if (o.antialias) return averaged(x, theta, warp, o);
  const GridOptions shape{.height = o.height ? o.height : x.shape()[1],
                          .width = o.width ? o.width : x.shape()[2],
                          .align_corners = o.sampler.align_corners};
  // A trace shows the operations that this is made of, so that exporters need not know it; and
  // only GridSampler goes row by row.
  if (tracing() || o.sampler.mode == Interpolation::bicubic)
    return grid_sample(x, warp.grid(theta, shape), o.sampler);
  // Row by row the grid and its gradient stay in the L1 cache.
  GridRows rows(warp, theta, shape);
  const int width = shape.width, outputs = shape.height * width;
  GridSampler sampler({.channels = x.shape()[0], .height = x.shape()[1], .width = x.shape()[2]},
                      x.lanes(), outputs, o.sampler, grad_wanted({theta}), grad_wanted({x}));
  Tensor y = Tensor::per_sample({x.shape()[0], shape.height, width});
  const Buffer<Lanes> grid(2 * static_cast<std::size_t>(width));
  for (int i = 0; i < shape.height; ++i) {
    rows.row(i, grid.data());
    sampler.sample(grid.data(), i * width, width, y.lanes());
  }
  sampler.release_image();
  return record("spatial_transform", y, {x, theta},
                [rows = std::move(rows), sampler = std::move(sampler), width, outputs](
                    const Tensor& dy, GradSink& grad) mutable {
                  if (Tensor* dx = grad.wanted(0)) sampler.image_grad(dy.lanes(), dx->lanes());
                  Tensor* dtheta = grad.wanted(1);
                  if (!dtheta) return;
                  const Buffer<Lanes> dgrid(2 * static_cast<std::size_t>(width));
                  for (int i = 0; i * width < outputs; ++i) {
                    sampler.grid_grad(dy.lanes(), i * width, width, dgrid.data());
                    rows.add_grad(i, dgrid.data());
                  }
                  rows.finish_grad(dtheta->lanes());
                });
}

SpatialTransformer::SpatialTransformer(std::unique_ptr<Module> localization,
                                       const SpatialTransformOptions& options)
    : SpatialTransformer(std::move(localization), affine(), options) {}

SpatialTransformer::SpatialTransformer(std::unique_ptr<Module> localization,
                                       std::shared_ptr<const Warp> warp,
                                       const SpatialTransformOptions& options)
    : SpatialTransformer(localization ? Chain{localization.get()} : Chain{}, std::move(warp),
                         options) {
  owned_ = std::move(localization);
  add_module("localization", *owned_);
}

SpatialTransformer::SpatialTransformer(Chain localization, std::shared_ptr<const Warp> warp,
                                       const SpatialTransformOptions& options)
    : localization_(std::move(localization)), warp_(std::move(warp)), options_(options) {
  require(!localization_.modules().empty(), "[spatial_transformer] needs a localisation network");
  require(warp_ != nullptr, "[spatial_transformer] needs a family of transforms");
  require(options_.steps >= 1, "[spatial_transformer] steps must be at least 1, got ",
          options_.steps);
  require(options_.steps == 1 || warp_->composes(), "[spatial_transformer] ", options_.steps,
          " steps need a family that composes; ", warp_->name(),
          " does not: one such transform after another is none of the family");
}

Tensor SpatialTransformer::theta(const Tensor& x) const {
  Tensor theta = found_in(x);
  for (int step = 1; step < options_.steps; ++step) {
    const Tensor seen = spatial_transform(x, theta, *warp_, {.sampler = options_.sampler});
    theta = warp_->compose(theta, found_in(seen)).reshape(warp_->theta_shape());
  }
  return theta;
}

Tensor SpatialTransformer::found_in(const Tensor& x) const {
  const Tensor found = localization_(x);
  const int wanted = warp_->theta_size();
  require(found.size() == wanted, "[spatial_transformer] the localisation network has ",
          found.size(), " outputs; ", warp_->name(), " takes ", wanted, ": give its last layer ",
          wanted, " outputs or choose another family");
  return found.reshape(warp_->theta_shape());
}

Tensor SpatialTransformer::forward(const Tensor& x) const {
  const Tensor theta = this->theta(x);
  Tensor y = spatial_transform(x, theta, *warp_, options_);
  if (observer) observer->seen.push_back({this, x, theta, y});
  return y;
}

std::string SpatialTransformer::describe() const {
  std::string text = cat("SpatialTransformer(", warp_->name());
  if (options_.height || options_.width)
    text += cat(", size=(", options_.height, ", ", options_.width, ")");
  if (options_.antialias) text += ", antialias=True";
  if (options_.steps > 1) text += cat(", steps=", options_.steps);
  return text + ")";
}

std::vector<Tensor> SpatialTransformer::localization_parameters() const {
  std::vector<Tensor> out;
  for (const Module* module : localization_.modules())
    for (Tensor& p : module->parameters()) out.push_back(std::move(p));
  return out;
}

void init_identity(const Tensor& weight, const Tensor& bias, const Warp& warp) {
  const int n = warp.theta_size();
  require(bias && !bias.is_per_sample() && bias.size() == n && weight.shape().rank() > 0 &&
              weight.shape()[0] == n,
          "[init_identity] the last localisation layer must have ", n, " outputs and a bias for ",
          warp.name(), ", got weight ", weight, " and bias ", bias);
  weight.fill(0);
  std::ranges::copy(warp.identity(), bias.data());
}

void init_identity(const Tensor& weight, const Tensor& bias) {
  init_identity(weight, bias, *affine());
}

void init_identity(const Module& localization, const Warp& warp) {
  const std::vector<Tensor> all = localization.parameters();
  require(all.size() >= 2,
          "[init_identity] the localisation network must end in a layer with weight and bias");
  init_identity(all[all.size() - 2], all.back(), warp);
}

std::vector<const SpatialTransformer*> spatial_transformers(const Module& network) {
  std::vector<const SpatialTransformer*> found;
  for_each_module(network, [&](const std::string&, const Module& module) {
    if (const auto* transformer = dynamic_cast<const SpatialTransformer*>(&module))
      found.push_back(transformer);
  });
  return found;
}

TransformerObserver::TransformerObserver() : outer_(observer) {
  observer = this;
}

TransformerObserver::~TransformerObserver() {
  observer = outer_;
}

}  // namespace fovea
