// For colour images: blocks of 3x3 convolutions (VGG, Simonyan and Zisserman 2015) behind a smaller
// transformer.
#include "apps/networks/localization.h"
#include "layers/activations.h"
#include "layers/conv2d.h"
#include "layers/dropout.h"
#include "layers/init.h"
#include "layers/linear.h"
#include "layers/max_pool2d.h"

namespace fovea {

namespace {

class Deep : public Module {
 public:
  Deep(const NetworkSpec& spec, Random& rng)
      : input_(spec.input),
        fc1_({.in = add_blocks(spec, rng), .out = static_cast<int>(spec.options.integer("fc"))},
             rng),
        fc2_({.in = static_cast<int>(spec.options.integer("fc")), .out = spec.classes}, rng),
        front_(spec, rng) {
    add_module("features", features_);
    add_module("fc1", fc1_), add_module("relu", relu_), add_module("dropout", dropout_);
    add_module("fc2", fc2_), add_module("log_softmax", log_softmax_);
    for (const auto& [name, module] : front_.modules()) add_module(name, *module);
  }

  Tensor forward(const Tensor& x) const override {
    require(x.shape() == input_, "the network takes images ", input_, ", got ", x);
    return classifier_(front_(x));
  }
  std::string describe() const override { return "Net"; }

 private:
  // Returns how many numbers the blocks leave of a sample.
  int add_blocks(const NetworkSpec& spec, Random& rng) {
    const Shape seen = transformed(spec.input, spec.options);
    int channels = seen[0], height = seen[1], width = seen[2];
    for (const std::int64_t block : spec.options.integers("blocks")) {
      const int out = static_cast<int>(block);
      features_.add<Conv2d>({.in = channels, .out = out, .kernel = 3, .padding = 1}, rng)
          .add<ReLU>()
          .add<Conv2d>({.in = out, .out = out, .kernel = 3, .padding = 1}, rng)
          .add<MaxPool2d>({.kernel = 2})
          .add<ReLU>()
          .add<Dropout2d>(Real(0.1));
      channels = out, height /= 2, width /= 2;
    }
    require(height > 0 && width > 0, "this network has too many blocks for images of ", seen);
    // PyTorch's default lets the signal shrink to a third from layer to layer.
    for (const Tensor& parameter : features_.parameters())
      if (parameter.shape().rank() > 1) kaiming_uniform(parameter, rng);
    return Shape{channels, height, width}.size();
  }

  Shape input_;
  Sequential features_;
  Linear fc1_, fc2_;
  ReLU relu_;
  Dropout dropout_;
  LogSoftmax log_softmax_;
  Chain classifier_{&features_, &fc1_, &relu_, &dropout_, &fc2_, &log_softmax_};
  LocalizedTransformer front_;
};

std::unique_ptr<Module> make(const NetworkSpec& spec, Random& rng) {
  const auto& blocks = spec.options.integers("blocks");
  require(spec.input[1] >= 24 && spec.input[2] >= 24,
          "this network takes images of at least 24x24 pixels, got ", spec.input,
          "; features takes 16x16");
  require(!blocks.empty() && blocks.size() <= 4, "this network has 1 to 4 blocks, got ",
          blocks.size());
  return std::make_unique<Deep>(spec, rng);
}

}  // namespace

std::vector<NetworkKind> deep_networks() {
  NetworkKind deep = {"cifar-deep",
                      "six 3x3 convolutions behind a smaller transformer, for colour images",
                      localization_options(),
                      make,
                      {3, 32, 32}};
  deep.options.set({"localization1", 16});
  deep.options.set({"localization2", 32});
  deep.options.set({"localization_fc", 64});
  deep.options.set({"blocks", {32, 64, 128}});
  deep.options.set({"fc", 256});
  return {deep, control_of(deep)};
}

}  // namespace fovea
