#include "tests/stage_networks.h"

#include "apps/networks/network.h"
#include "layers/activations.h"
#include "layers/avg_pool2d.h"
#include "layers/conv2d.h"
#include "layers/linear.h"
#include "layers/max_pool2d.h"
#include "layers/sequential.h"
#include "layers/shape_ops.h"
#include "layers/spatial_transformer.h"
#include "layers/warps/families.h"
#include "tests/shear_warp.h"

namespace fovea::testing {

namespace {

using Made = std::unique_ptr<Module>;

Made transformer(const Shape& in, std::shared_ptr<const Warp> warp, Random& rng,
                 const SpatialTransformOptions& o = {}) {
  auto finder = std::make_unique<Sequential>();
  finder->add<AvgPool2d>({.kernel = 4})
      .add<Linear>({.in = in[0] * (in[1] / 4) * (in[2] / 4), .out = 8}, rng)
      .add<Tanh>()
      .add<Linear>({.in = 8, .out = warp->theta_size()}, rng);
  init_identity(*finder, *warp);
  return std::make_unique<SpatialTransformer>(std::move(finder), std::move(warp), o);
}

void add_classifier(Sequential& net, int features, const NetworkSpec& spec, Random& rng) {
  net.add<Linear>({.in = features, .out = 24}, rng)
      .add<ReLU>()
      .add<Linear>({.in = 24, .out = spec.classes}, rng)
      .add<LogSoftmax>();
}

Made make_row(const NetworkSpec& spec, Random& rng) {
  auto net = std::make_unique<Sequential>();
  net->append(transformer(spec.input, make_warp("affine"), rng, {.height = 20, .width = 24}));
  net->append(transformer({spec.input[0], 20, 24}, make_warp("similarity"), rng,
                          {.height = 14, .width = 14}));
  add_classifier(*net, spec.input[0] * 14 * 14, spec, rng);
  return net;
}

class Side : public Module {
 public:
  Side(const NetworkSpec& spec, Random& rng)
      : left_(transformer(spec.input, make_warp("attention"), rng, {.height = 12, .width = 12})),
        right_(transformer(spec.input, make_warp("affine"), rng, {.height = 12, .width = 12})),
        both_(transformer({2 * spec.input[0], 12, 12}, make_warp("translation"), rng)) {
    add_module("left", *left_), add_module("right", *right_), add_module("both", *both_);
    add_classifier(head_, 2 * spec.input[0] * 12 * 12, spec, rng);
    add_module("head", head_);
  }
  Tensor forward(const Tensor& x) const override {
    return head_((*both_)(concatenate({(*left_)(x), (*right_)(x)})));
  }
  std::string describe() const override { return "Side"; }

 private:
  Made left_, right_, both_;
  Sequential head_;
};

Made make_side(const NetworkSpec& spec, Random& rng) {
  return std::make_unique<Side>(spec, rng);
}

Made make_mixed(const NetworkSpec& spec, Random& rng) {
  auto net = std::make_unique<Sequential>();
  net->append(transformer(spec.input, make_warp("affine"), rng));
  net->add<Conv2d>({.in = spec.input[0], .out = 6, .kernel = 5, .padding = 2}, rng)
      .add<MaxPool2d>({.kernel = 2})
      .add<ReLU>();
  const Shape maps = {6, spec.input[1] / 2, spec.input[2] / 2};
  net->append(transformer(maps, make_warp("attention"), rng, {.height = 9, .width = 9}));
  add_classifier(*net, 6 * 9 * 9, spec, rng);
  return net;
}

Made make_shear(const NetworkSpec& spec, Random& rng) {
  auto net = std::make_unique<Sequential>();
  net->append(transformer(spec.input, std::make_shared<ShearWarp>(), rng));
  add_classifier(*net, spec.input.size(), spec, rng);
  return net;
}

}  // namespace

void add_stage_networks() {
  static const bool once = [] {
    add_network({"test-row", "two in a row", {}, make_row});
    add_network({"test-side", "two side by side, one on both", {}, make_side});
    add_network({"test-mixed", "on the image and on maps", {}, make_mixed});
    add_network({"test-shear", "a family of its own", {{"zero", 0}}, make_shear});
    return true;
  }();
  static_cast<void>(once);
}

}  // namespace fovea::testing
