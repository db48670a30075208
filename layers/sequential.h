// Sequential: modules one after the other.
#pragma once

#include <memory>

#include "layers/chain.h"

namespace fovea {

/// Children are named "0", "1", ... as in PyTorch; layers without parameters use up a number too.
///
///     Sequential net;
///     net.add<Conv2d>({.in = 1, .out = 8, .kernel = 7}, rng)
///         .add<MaxPool2d>({.kernel = 2})
///         .add<ReLU>();
///
/// Layers that can run as one operation do so: see Chain.
class Sequential : public Module {
 public:
  template <class Layer, class... Args>
  Sequential& add(Args&&... args) {
    return append(std::make_unique<Layer>(std::forward<Args>(args)...));
  }
  template <class Layer, class... Args>
  Sequential& add(const typename Layer::Options& options, Args&&... args) {
    return append(std::make_unique<Layer>(options, std::forward<Args>(args)...));
  }
  Sequential& append(std::unique_ptr<Module> layer);

  Tensor forward(const Tensor& x) const override { return chain_(x); }
  std::string describe() const override { return "Sequential"; }

 private:
  std::vector<std::unique_ptr<Module>> layers_;
  Chain chain_;
};

}  // namespace fovea
