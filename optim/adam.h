// Adam and AdamW.
#pragma once

#include <array>
#include <vector>

#include "optim/optimizer.h"

namespace fovea {

struct AdamOptions {
  double lr = 1e-3;
  std::array<double, 2> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0;  ///< L2: added to the gradient, times the parameter
  bool amsgrad = false;     ///< divides by the largest v so far (Reddi et al. 2018)
};

/// torch.optim.Adam (Kingma and Ba 2015), for parameter p with gradient g at its update number t:
///   d = g + weight_decay * p
///   m = beta1 * m + (1 - beta1) * d
///   v = beta2 * v + (1 - beta2) * d^2
///   p -= lr / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + eps)
/// where amsgrad takes the largest v of all updates so far.
/// A finite d of any size lets p go on: where PyTorch's v becomes infinite (|d| > 5e20 with
/// the usual betas) and freezes p for good, d is limited; without eps, d = 0 moves nothing.
class Adam : public Optimizer {
 public:
  /// State: "exp_avg.N" (m), "exp_avg_sq.N" (v) and, with amsgrad, "max_exp_avg_sq.N". Errors: as
  /// Optimizer; a beta outside [0, 1), eps negative, NaN or infinite.
  explicit Adam(std::vector<Tensor> parameters, const AdamOptions& options = {});
  explicit Adam(std::vector<ParameterGroup> groups, const AdamOptions& options = {});

  double beta1() const { return options_.betas[0]; }
  /// For a beta1 that follows a schedule, as momentum does. Error: outside [0, 1).
  void set_beta1(double beta1);
  void set_momentum(double momentum) override { set_beta1(momentum); }

 protected:
  Adam(std::string kind, std::vector<ParameterGroup> groups, const AdamOptions& options,
       bool decoupled);

 private:
  void update(const Update& u) override;

  AdamOptions options_;
  bool decoupled_;
};

struct AdamWOptions {
  double lr = 1e-3;
  std::array<double, 2> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0.01;  ///< decoupled: p *= 1 - lr * weight_decay before the update
  bool amsgrad = false;
};

/// torch.optim.AdamW (Loshchilov and Hutter 2019): Adam with d = g and decoupled weight decay.
class AdamW final : public Adam {
 public:
  /// State and errors as Adam.
  explicit AdamW(std::vector<Tensor> parameters, const AdamWOptions& options = {});
  explicit AdamW(std::vector<ParameterGroup> groups, const AdamWOptions& options = {});
};

}  // namespace fovea
