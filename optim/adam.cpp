#include "optim/adam.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "optim/limited.h"

namespace fovea {

namespace {

struct Terms {
  Real weight_decay;      // L2, into the gradient
  Real shrink;            // decoupled, onto the parameter
  Real beta1, one_beta1;  // one_beta1 is 1 - beta1, computed in double
  Real beta2, one_beta2;
  Real step_size, eps;
};

using detail::largest;
using detail::limited;
using detail::limited_sum;

// As PyTorch's lerp: exact at both ends, because the smaller weight multiplies the difference.
template <bool slow, bool huge, bool amsgrad>
void run(Real* __restrict value, const Real* __restrict grad, Real* __restrict exp_avg,
         Real* __restrict exp_avg_sq, Real* __restrict max_exp_avg_sq, std::size_t count,
         const Terms& terms) {
  const auto [weight_decay, shrink, beta1, one_beta1, beta2, one_beta2, step_size, eps] = terms;
  for (std::size_t i = 0; i < count; ++i) {
    const Real sum = grad[i] + weight_decay * value[i];
    const Real d = huge ? limited(sum, one_beta2) : sum;
    const Real before = exp_avg[i];
    const Real m = slow ? before + one_beta1 * (d - before) : d + beta1 * (before - d);
    const Real kept = beta2 * exp_avg_sq[i];
    const Real v = huge ? limited_sum(kept, d, one_beta2) : kept + one_beta2 * (d * d);
    exp_avg[i] = m;
    exp_avg_sq[i] = v;
    Real divisor = v;
    if constexpr (amsgrad) divisor = max_exp_avg_sq[i] = std::max(max_exp_avg_sq[i], v);
    value[i] = shrink * value[i] - step_size * (m / (std::sqrt(divisor) + eps));
  }
}

template <bool amsgrad>
auto kernel_for(bool slow, bool huge) {
  if (huge) return slow ? run<true, true, amsgrad> : run<false, true, amsgrad>;
  return slow ? run<true, false, amsgrad> : run<false, false, amsgrad>;
}

bool any_above(Real limit, const Real* values, std::size_t count) {
  int above = 0;
  for (std::size_t i = 0; i < count; ++i) above |= std::abs(values[i]) > limit;
  return above;
}

}  // namespace

Adam::Adam(std::vector<Tensor> parameters, const AdamOptions& options)
    : Adam(one_group(std::move(parameters)), options) {}

Adam::Adam(std::vector<ParameterGroup> groups, const AdamOptions& options)
    : Adam("adam", std::move(groups), options, false) {}

Adam::Adam(std::string kind, std::vector<ParameterGroup> groups, const AdamOptions& options,
           bool decoupled)
    : Optimizer(std::move(kind), std::move(groups), options.lr, options.weight_decay,
                options.amsgrad
                    ? std::vector<std::string>{"exp_avg", "exp_avg_sq", "max_exp_avg_sq"}
                    : std::vector<std::string>{"exp_avg", "exp_avg_sq"}),
      options_(options),
      decoupled_(decoupled) {
  require_range("beta1", options.betas[0], 1);
  require_range("beta2", options.betas[1], 1);
  require_range("eps", options.eps, std::numeric_limits<double>::infinity());
}

void Adam::set_beta1(double beta1) {
  require_range("beta1", beta1, 1);
  options_.betas[0] = beta1;
}

void Adam::update(const Update& u) {
  const auto [beta1, beta2] = options_.betas;
  const auto step = static_cast<double>(u.step);
  const double correction1 = 1 - std::pow(beta1, step);
  // Numerator and denominator times the root: one division an element instead of two.
  const double root = std::sqrt(1 - std::pow(beta2, step));
  const Terms terms{
      .weight_decay = static_cast<Real>(decoupled_ ? 0 : u.weight_decay),
      .shrink = static_cast<Real>(decoupled_ ? 1 - u.lr * u.weight_decay : 1),
      .beta1 = static_cast<Real>(beta1),
      .one_beta1 = static_cast<Real>(1 - beta1),
      .beta2 = static_cast<Real>(beta2),
      .one_beta2 = static_cast<Real>(1 - beta2),
      .step_size = static_cast<Real>(u.lr / correction1 * root),
      // Where v is too small for a Real, and there is no eps, 0 / 0 must be no step.
      .eps = std::max(static_cast<Real>(options_.eps * root),
                      std::sqrt(std::numeric_limits<Real>::min())),
  };
  const auto choose = options_.amsgrad ? kernel_for<true> : kernel_for<false>;
  const auto kernel = choose(beta1 > 0.5, false), careful = choose(beta1 > 0.5, true);
  Real* const most = options_.amsgrad ? u.state[2].data() : nullptr;
  const Real limit = std::sqrt(largest) / 16;
  const Real decay = terms.weight_decay;
  constexpr std::size_t block = 512;  // stays in the L1 cache from the look to the step
  for (std::size_t i = 0; i < u.count; i += block) {
    const std::size_t count = std::min(block, u.count - i);
    const bool huge = any_above(limit, u.grad + i, count) ||
                      (decay != 0 && any_above(limit / decay, u.value + i, count));
    (huge ? careful : kernel)(u.value + i, u.grad + i, u.state[0].data() + i, u.state[1].data() + i,
                              most ? most + i : nullptr, count, terms);
  }
}

AdamW::AdamW(std::vector<Tensor> parameters, const AdamWOptions& options)
    : AdamW(one_group(std::move(parameters)), options) {}

AdamW::AdamW(std::vector<ParameterGroup> groups, const AdamWOptions& options)
    : Adam("adamw", std::move(groups),
           {.lr = options.lr,
            .betas = options.betas,
            .eps = options.eps,
            .weight_decay = options.weight_decay,
            .amsgrad = options.amsgrad},
           true) {}

}  // namespace fovea
