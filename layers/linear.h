// Fully connected layer.
#pragma once

#include "core/random.h"
#include "layers/module.h"

namespace fovea {

/// y = weight * x + bias: x per sample [in] (any shape of that size), weight shared [out, in], bias
/// shared [out] or none. For sixteen samples at once it is a matrix product as it stands,
/// [out, in] x [in, 16]. Throws Error when shapes do not fit.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias);

struct LinearOptions {
  int in;
  int out;
  bool bias = true;
};

/// linear() with parameters of its own, initialised as PyTorch does.
class Linear : public Module {
 public:
  using Options = LinearOptions;
  Linear(const LinearOptions& options, Random& rng);
  Tensor forward(const Tensor& x) const override { return linear(x, weight_, bias_); }
  std::string describe() const override;
  const SharedTensor& weight() const { return weight_; }
  const SharedTensor& bias() const { return bias_; }

 private:
  LinearOptions options_;
  SharedTensor weight_, bias_;
};

}  // namespace fovea
