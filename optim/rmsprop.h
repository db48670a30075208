// RMSprop.
#pragma once

#include <vector>

#include "optim/optimizer.h"

namespace fovea {

struct RmsPropOptions {
  double lr = 0.01;
  double alpha = 0.99;  ///< decay of the average of squares
  double eps = 1e-8;
  double weight_decay = 0;  ///< L2: added to the gradient, times the parameter
  double momentum = 0;
  bool centered = false;  ///< divides by the deviation from the mean gradient
};

/// torch.optim.RMSprop (Hinton 2012), for parameter p with gradient g:
///   d = g + weight_decay * p
///   v = alpha * v + (1 - alpha) * d^2
///   a = alpha * a + (1 - alpha) * d                (centered; else a = 0)
///   s = d / (sqrt(v - a^2) + eps)
///   b = momentum * b + s                           (b = s without momentum)
///   p -= lr * b
/// As in Adam a d whose square overflows is limited, where PyTorch freezes p for good; and v - a^2
/// that rounding makes negative counts as 0, where PyTorch's p becomes NaN.
class RmsProp final : public Optimizer {
 public:
  /// State: "square_avg.N" (v), "momentum_buffer.N" (b) with momentum, "grad_avg.N" (a) if
  /// centered. Errors: as Optimizer; alpha outside [0, 1), eps or momentum negative, NaN or
  /// infinite.
  explicit RmsProp(std::vector<Tensor> parameters, const RmsPropOptions& options = {});
  explicit RmsProp(std::vector<ParameterGroup> groups, const RmsPropOptions& options = {});

  double momentum() const { return options_.momentum; }
  /// For momentum that follows a schedule. Error: as the constructor; from or to 0.
  void set_momentum(double momentum) override;

 private:
  void update(const Update& u) override;

  RmsPropOptions options_;
};

}  // namespace fovea
