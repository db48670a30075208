// Activation functions, as operations and as modules. All take tensors of either kind.
#pragma once

#include "layers/math.h"
#include "layers/module.h"

namespace fovea {

/// max(x, 0); the gradient at 0 is 0, as in PyTorch.
Tensor relu(const Tensor& x);

/// x where x > 0, else slope * x (Maas et al. 2013).
Tensor leaky_relu(const Tensor& x, Real slope = Real(0.01));

/// x where x > 0, else alpha * (exp(x) - 1) (Clevert et al. 2016).
Tensor elu(const Tensor& x, Real alpha = 1);

enum class GeluForm { exact, tanh };

/// x * Phi(x) (Hendrycks and Gimpel 2016), Phi the normal distribution, exactly or by
/// 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).
Tensor gelu(const Tensor& x, GeluForm form = GeluForm::exact);

/// exp(x) / sum over `dim` of exp(x); -1 is the last dimension. Throws if there is no such one.
Tensor softmax(const Tensor& x, int dim = -1);

/// log(softmax(x)), computed without overflow: x - max - log(sum(exp(x - max))).
Tensor log_softmax(const Tensor& x, int dim = -1);

class ReLU : public Module {
 public:
  Tensor forward(const Tensor& x) const override { return relu(x); }
  std::string describe() const override { return "ReLU()"; }
};

class LeakyReLU : public Module {
 public:
  explicit LeakyReLU(Real slope = Real(0.01)) : slope_(slope) {}
  Tensor forward(const Tensor& x) const override { return leaky_relu(x, slope_); }
  std::string describe() const override;

 private:
  Real slope_;
};

class ELU : public Module {
 public:
  explicit ELU(Real alpha = 1) : alpha_(alpha) {}
  Tensor forward(const Tensor& x) const override { return elu(x, alpha_); }
  std::string describe() const override;

 private:
  Real alpha_;
};

class GELU : public Module {
 public:
  explicit GELU(GeluForm form = GeluForm::exact) : form_(form) {}
  Tensor forward(const Tensor& x) const override { return gelu(x, form_); }
  std::string describe() const override;

 private:
  GeluForm form_;
};

class Sigmoid : public Module {
 public:
  Tensor forward(const Tensor& x) const override { return sigmoid(x); }
  std::string describe() const override { return "Sigmoid()"; }
};

class Tanh : public Module {
 public:
  Tensor forward(const Tensor& x) const override { return tanh(x); }
  std::string describe() const override { return "Tanh()"; }
};

class LogSoftmax : public Module {
 public:
  /// `dim` of one sample: PyTorch's dim=1 of a batch is 0 here, and -1 is the last in both.
  explicit LogSoftmax(int dim = -1) : dim_(dim) {}
  Tensor forward(const Tensor& x) const override { return log_softmax(x, dim_); }
  std::string describe() const override;

 private:
  int dim_;
};

}  // namespace fovea
