// A transformer in the middle of a network: it warps feature maps, not the image.
#include "apps/networks/localization.h"
#include "layers/activations.h"
#include "layers/conv2d.h"
#include "layers/dropout.h"
#include "layers/linear.h"
#include "layers/max_pool2d.h"
#include "layers/sequential.h"
#include "layers/spatial_transformer.h"
#include "layers/warps/families.h"

namespace fovea {

namespace {

// From `side` x `side` maps to theta.
std::unique_ptr<Module> localization(int channels, int height, int width, const Warp& warp,
                                     Random& rng) {
  auto net = std::make_unique<Sequential>();
  net->add<Conv2d>({.in = channels, .out = 16, .kernel = 3, .padding = 1}, rng)
      .add<MaxPool2d>({.kernel = 2})
      .add<ReLU>()
      .add<Conv2d>({.in = 16, .out = 16, .kernel = 3, .padding = 1}, rng)
      .add<MaxPool2d>({.kernel = 2})
      .add<ReLU>()
      .add<Linear>({.in = Shape{16, height / 4, width / 4}.size(), .out = 32}, rng)
      .add<ReLU>()
      .add<Linear>({.in = 32, .out = warp.theta_size()}, rng);
  init_identity(*net, warp);
  return net;
}

std::unique_ptr<Module> make(const NetworkSpec& spec, Random& rng) {
  const int channels = static_cast<int>(spec.options.integer("channels"));
  const int hidden = static_cast<int>(spec.options.integer("fc"));
  const int height = spec.input[1] / 2, width = spec.input[2] / 2;
  require(height >= 8 && width >= 8, "this network takes images of at least 16x16 pixels, got ",
          spec.input);
  const auto warp = make_warp(spec.options.text("warp"));
  auto net = std::make_unique<Sequential>();
  net->add<Conv2d>({.in = spec.input[0], .out = channels, .kernel = 5, .padding = 2}, rng)
      .add<MaxPool2d>({.kernel = 2})
      .add<ReLU>();
  if (spec.options.flag("transformer"))
    net->add<SpatialTransformer>(localization(channels, height, width, *warp, rng), warp,
                                 transform_of(spec.options));
  const Shape seen = transformed({channels, height, width}, spec.options);
  net->add<Conv2d>({.in = channels, .out = 2 * channels, .kernel = 5, .padding = 2}, rng)
      .add<MaxPool2d>({.kernel = 2})
      .add<ReLU>()
      .add<Dropout2d>(Real(0.2))
      .add<Linear>({.in = Shape{2 * channels, seen[1] / 2, seen[2] / 2}.size(), .out = hidden}, rng)
      .add<ReLU>()
      .add<Dropout>(Real(0.5))
      .add<Linear>({.in = hidden, .out = spec.classes}, rng)
      .add<LogSoftmax>();
  return net;
}

}  // namespace

std::vector<NetworkKind> feature_networks() {
  NetworkKind features = {"features",
                          "a transformer on the feature maps behind the first convolution",
                          {{"channels", 16}, {"fc", 64}, {"transformer", true}, {"warp", "affine"}},
                          make};
  features.options.set_all(transform_options());
  return {features, control_of(features)};
}

}  // namespace fovea
