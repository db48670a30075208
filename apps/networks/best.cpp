// For the lowest error on distorted digits with at most 400,000 parameters: six 3x3 convolutions
// behind transformers that look at the image with three.
#include "apps/networks/paper.h"
#include "layers/activations.h"
#include "layers/avg_pool2d.h"
#include "layers/conv2d.h"
#include "layers/dropout.h"
#include "layers/init.h"
#include "layers/linear.h"
#include "layers/max_pool2d.h"

namespace fovea {

namespace {

// A convolution and ReLU, pooled or not.
Sequential& convolution(Sequential& net, int in, int out, bool pool, Random& rng) {
  net.add<Conv2d>({.in = in, .out = out, .kernel = 3, .padding = 1}, rng);
  if (pool) net.add<MaxPool2d>({.kernel = 2});
  return net.add<ReLU>();
}

// PyTorch's default lets the signal shrink to a third from layer to layer.
void keep_variance(const Sequential& net, Random& rng) {
  for (const Tensor& parameter : net.parameters())
    if (parameter.shape().rank() > 1) kaiming_uniform(parameter, rng);
}

std::unique_ptr<Module> finder(const Shape& in, const Warp& warp, Random& rng) {
  auto net = std::make_unique<Sequential>();
  int height = in[1], width = in[2];
  if (height > 28 || width > 28) {
    net->add<AvgPool2d>({.kernel = 2});
    height /= 2, width /= 2;
  }
  convolution(*net, in[0], 16, false, rng);
  convolution(*net, 16, 16, true, rng);
  convolution(*net, 16, 32, true, rng);
  net->add<Linear>({.in = 32 * (height / 4) * (width / 4), .out = 32}, rng).add<ReLU>();
  keep_variance(*net, rng);
  net->add<Linear>({.in = 32, .out = warp.theta_size()}, rng);
  return net;
}

std::unique_ptr<Module> make(const NetworkSpec& spec, Random& rng) {
  require(spec.input[1] >= 24 && spec.input[2] >= 24,
          "this network takes images of at least 24x24 pixels, got ", spec.input,
          "; features takes 16x16");
  auto net = std::make_unique<Sequential>();
  Shape seen = spec.input;
  if (spec.options.flag("transformer"))
    seen = add_transformers(*net, spec,
                            [&](const Warp& warp) { return finder(spec.input, warp, rng); });
  auto classifier = std::make_unique<Sequential>();
  int channels = seen[0], height = seen[1], width = seen[2];
  for (const std::int64_t block : spec.options.integers("blocks")) {
    const int out = static_cast<int>(block);
    convolution(*classifier, channels, out, false, rng);
    convolution(*classifier, out, out, true, rng);
    channels = out, height /= 2, width /= 2;
  }
  require(height > 0 && width > 0, "this network has too many blocks for images of ", seen);
  classifier->add<Dropout>(static_cast<Real>(spec.options.number("dropout")));
  classifier->add<Linear>({.in = channels * height * width, .out = spec.classes}, rng);
  keep_variance(*classifier, rng);
  classifier->add<LogSoftmax>();
  net->append(std::move(classifier));
  return net;
}

}  // namespace

std::vector<NetworkKind> best_networks() {
  NetworkKind best{"best", "3x3 convolutions behind a transformer, for distorted digits",
                   transformer_options(), make};
  best.options.set({"transformer", true});
  best.options.set({"blocks", {32, 64, 128}});
  best.options.set({"dropout", 0.3});
  return {best, control_of(best)};
}

}  // namespace fovea
