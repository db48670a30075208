// Stochastic gradient descent with momentum.
#pragma once

#include <vector>

#include "optim/optimizer.h"

namespace fovea {

struct SgdOptions {
  double lr = 0.01;
  double momentum = 0;
  double dampening = 0;
  double weight_decay = 0;  ///< L2: added to the gradient, times the parameter
  bool nesterov = false;
};

/// torch.optim.SGD, for parameter p with gradient g:
///   d = g + weight_decay * p
///   b = momentum * b + (1 - dampening) * d      (b = d the first time)
///   p -= lr * (nesterov ? d + momentum * b : b)
/// Note that lr multiplies the momentum buffer too, unlike Sutskever et al. (2013).
class Sgd final : public Optimizer {
 public:
  /// State: "momentum.N" unless momentum is 0. Errors: as Optimizer; momentum or dampening
  /// negative, NaN or infinite; nesterov without momentum or with dampening.
  explicit Sgd(std::vector<Tensor> parameters, const SgdOptions& options = {});
  explicit Sgd(std::vector<ParameterGroup> groups, const SgdOptions& options = {});

  double momentum() const { return options_.momentum; }
  /// For momentum that follows a schedule. Error: as the constructor; from or to 0.
  void set_momentum(double momentum) override;

 private:
  void update(const Update& u) override;
  void check_options() const;

  SgdOptions options_;
};

}  // namespace fovea
