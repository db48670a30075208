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

/// x * sigmoid(x), also called swish (Elfwing et al. 2018).
Tensor silu(const Tensor& x);

/// log(1 + exp(beta x)) / beta, and x itself where beta x > threshold. Throws unless beta > 0.
Tensor softplus(const Tensor& x, Real beta = 1, Real threshold = 20);

/// log(sigmoid(x)), exact also where sigmoid(x) is 0 or 1.
Tensor logsigmoid(const Tensor& x);

/// x where x > 0, else weight * x. `weight` is shared [1], or [C] for x of [C, ...], whatever the
/// kind of x (He et al. 2015). The gradient at 0 is weight's. Throws for another shape.
Tensor prelu(const Tensor& x, const Tensor& weight);

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

class SiLU : public Module {
 public:
  Tensor forward(const Tensor& x) const override { return silu(x); }
  std::string describe() const override { return "SiLU()"; }
};

class Softplus : public Module {
 public:
  explicit Softplus(Real beta = 1, Real threshold = 20);
  Tensor forward(const Tensor& x) const override { return softplus(x, beta_, threshold_); }
  std::string describe() const override;

 private:
  Real beta_, threshold_;
};

class PReLU : public Module {
 public:
  /// One slope for all, or one for each of `parameters` channels; parameter "weight".
  explicit PReLU(int parameters = 1, Real init = Real(0.25));
  Tensor forward(const Tensor& x) const override { return prelu(x, weight_); }
  std::string describe() const override;

 private:
  SharedTensor weight_;
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
