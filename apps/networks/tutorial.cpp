// The network of PyTorch's spatial-transformer tutorial, in any width.
#include "apps/networks/localization.h"
#include "layers/activations.h"
#include "layers/conv2d.h"
#include "layers/dropout.h"
#include "layers/linear.h"
#include "layers/max_pool2d.h"

namespace fovea {

namespace {

// Transformer, then (conv 5x5, pool, ReLU) twice and two linear layers. Parameter names and order
// are PyTorch's.
class Tutorial : public Module {
 public:
  Tutorial(const NetworkSpec& spec, Random& rng)
      : input_(spec.input),
        conv1_({.in = spec.input[0], .out = width(spec, "conv1"), .kernel = 5}, rng),
        conv2_({.in = width(spec, "conv1"), .out = width(spec, "conv2"), .kernel = 5}, rng),
        fc1_({.in = features(spec), .out = width(spec, "fc")}, rng),
        fc2_({.in = width(spec, "fc"), .out = spec.classes}, rng),
        front_(spec, rng) {
    // Layers without parameters have names of their own, which PyTorch's files do not mention.
    add_module("conv1", conv1_), add_module("pool1", pool1_), add_module("relu1", relu1_);
    // The tutorial drops channels before it pools: the same, since a channel's factor is not
    // negative.
    add_module("conv2", conv2_), add_module("pool2", pool2_), add_module("relu2", relu2_);
    add_module("conv2_drop", conv2_drop_);
    add_module("fc1", fc1_), add_module("relu3", relu3_), add_module("dropout", dropout_);
    add_module("fc2", fc2_), add_module("log_softmax", log_softmax_);
    for (const auto& [name, module] : front_.modules()) add_module(name, *module);
  }

  Tensor forward(const Tensor& x) const override {
    require(x.shape() == input_, "the network takes images ", input_, ", got ", x);
    return classifier_(front_(x));
  }
  std::string describe() const override { return "Net"; }

 private:
  static int width(const NetworkSpec& spec, const char* name) {
    return static_cast<int>(spec.options.integer(name));
  }
  static int features(const NetworkSpec& spec) {
    const auto left = [](int extent) { return after_conv_pool(after_conv_pool(extent, 5), 5); };
    const Shape seen = transformed(spec.input, spec.options);
    require(seen[1] >= 16 && seen[2] >= 16,
            "this network's transformer puts out at least 16x16 pixels, got ", seen);
    return Shape{width(spec, "conv2"), left(seen[1]), left(seen[2])}.size();
  }

  Shape input_;
  Conv2d conv1_, conv2_;
  MaxPool2d pool1_{{.kernel = 2}}, pool2_{{.kernel = 2}};
  ReLU relu1_, relu2_, relu3_;
  Dropout2d conv2_drop_;
  Dropout dropout_;
  Linear fc1_, fc2_;
  LogSoftmax log_softmax_;
  Chain classifier_{&conv1_,      &pool1_, &relu1_, &conv2_,   &pool2_, &relu2_,
                    &conv2_drop_, &fc1_,   &relu3_, &dropout_, &fc2_,   &log_softmax_};
  LocalizedTransformer front_;
};

std::unique_ptr<Module> make(const NetworkSpec& spec, Random& rng) {
  require(spec.input[1] >= 24 && spec.input[2] >= 24,
          "this network takes images of at least 24x24 pixels, got ", spec.input,
          "; features takes 16x16");
  return std::make_unique<Tutorial>(spec, rng);
}

Attributes tutorial_options(const std::array<int, 6>& widths) {
  Attributes options = localization_options();
  const char* const names[] = {"localization1", "localization2", "localization_fc",
                               "conv1",         "conv2",         "fc"};
  for (std::size_t i = 0; i < widths.size(); ++i) options.set({names[i], widths[i]});
  return options;
}

}  // namespace

std::vector<NetworkKind> tutorial_networks() {
  const NetworkKind tutorial = {
      "tutorial", "the spatial transformer of PyTorch's tutorial, 27,360 parameters on MNIST",
      tutorial_options({8, 10, 32, 10, 20, 50}), make};
  const NetworkKind cifar = {"cifar",
                             "the same for colour images, 1,585,008 parameters on CIFAR-10",
                             tutorial_options({64, 128, 256, 16, 32, 1024}),
                             make,
                             {3, 32, 32}};
  return {tutorial,
          {"tutorial-x2", "the same with twice the width",
           tutorial_options({16, 20, 64, 20, 40, 100}), make},
          {"tutorial-x4", "the same with four times the width",
           tutorial_options({32, 40, 128, 40, 80, 200}), make},
          cifar,
          control_of(tutorial),
          control_of(cifar)};
}

}  // namespace fovea
