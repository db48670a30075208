#include "apps/networks/localization.h"

#include "layers/activations.h"
#include "layers/conv2d.h"
#include "layers/linear.h"
#include "layers/max_pool2d.h"
#include "layers/warps/families.h"

namespace fovea {

namespace {

void add_convolutions(Sequential& net, const NetworkSpec& spec, Random& rng) {
  const auto width = [&](const char* name) { return static_cast<int>(spec.options.integer(name)); };
  net.add<Conv2d>({.in = spec.input[0], .out = width("localization1"), .kernel = 7}, rng)
      .add<MaxPool2d>({.kernel = 2})
      .add<ReLU>()
      .add<Conv2d>({.in = width("localization1"), .out = width("localization2"), .kernel = 5}, rng)
      .add<MaxPool2d>({.kernel = 2})
      .add<ReLU>();
}

void add_regression(Sequential& net, const NetworkSpec& spec, const Warp& warp, Random& rng) {
  const auto left = [](int extent) { return after_conv_pool(after_conv_pool(extent, 7), 5); };
  const int found = Shape{static_cast<int>(spec.options.integer("localization2")),
                          left(spec.input[1]), left(spec.input[2])}
                        .size();
  const int hidden = static_cast<int>(spec.options.integer("localization_fc"));
  net.add<Linear>({.in = found, .out = hidden}, rng)
      .add<ReLU>()
      .add<Linear>({.in = hidden, .out = warp.theta_size()}, rng);
  init_identity(net, warp);
}

}  // namespace

int after_conv_pool(int extent, int kernel) {
  return window_count(window_count(extent, kernel), 2, 2);
}

Attributes localization_options() {
  Attributes options = {{"localization1", 8},  {"localization2", 10}, {"localization_fc", 32},
                        {"transformer", true}, {"fill", 0.0},         {"warp", "affine"}};
  options.set_all(transform_options());
  return options;
}

Attributes transform_options() {
  return {{"steps", 1},
          {"sampler", "bilinear"},
          {"padding", "zeros"},
          {"output", 0},
          {"antialias", false}};
}

SpatialTransformOptions transform_of(const Attributes& options) {
  const Attribute* const fill = options.find("fill");
  const auto side = options.integer("output");
  require(side == 0 || (side >= 4 && side <= 1024),
          "the output of a transformer is 0 (as its input) or 4 to 1024 pixels a side, got ", side);
  return {.height = static_cast<int>(side),
          .width = static_cast<int>(side),
          .sampler = {.mode = interpolation_named(options.text("sampler")),
                      .padding = padding_named(options.text("padding")),
                      .fill = fill ? static_cast<Real>(options.number("fill")) : 0},
          .antialias = options.flag("antialias"),
          .steps = static_cast<int>(options.integer("steps"))};
}

Shape transformed(const Shape& input, const Attributes& options) {
  const int side = options.flag("transformer") ? transform_of(options).height : 0;
  return side == 0 ? input : Shape{input[0], side, side};
}

LocalizedTransformer::LocalizedTransformer(const NetworkSpec& spec, Random& rng) {
  if (!spec.options.flag("transformer")) return;
  const auto warp = make_warp(spec.options.text("warp"));
  add_convolutions(localization_, spec, rng);
  add_regression(fc_loc_, spec, *warp, rng);
  transformer_.emplace(Chain{&localization_, &fc_loc_}, warp, transform_of(spec.options));
}

std::vector<std::pair<std::string, Module*>> LocalizedTransformer::modules() {
  if (!transformer_) return {};
  return {{"localization", &localization_}, {"fc_loc", &fc_loc_}, {"transformer", &*transformer_}};
}

}  // namespace fovea
