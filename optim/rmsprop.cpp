#include "optim/rmsprop.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "optim/limited.h"

namespace fovea {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

std::vector<std::string> state_names(const RmsPropOptions& o) {
  std::vector<std::string> names = {"square_avg"};
  if (o.momentum != 0) names.push_back("momentum_buffer");
  if (o.centered) names.push_back("grad_avg");
  return names;
}

struct Terms {
  Real lr, weight_decay, alpha, one_alpha, eps, momentum;
};

template <bool centered, bool with_momentum>
void run(Real* __restrict value, const Real* __restrict grad, Real* __restrict square_avg,
         Real* __restrict grad_avg, Real* __restrict buffer, std::size_t count,
         const Terms& terms) {
  const auto [lr, weight_decay, alpha, one_alpha, eps, momentum] = terms;
  for (std::size_t i = 0; i < count; ++i) {
    const Real d = detail::limited(grad[i] + weight_decay * value[i], one_alpha);
    const Real v = square_avg[i] = detail::limited_sum(alpha * square_avg[i], d, one_alpha);
    Real spread = v;
    if constexpr (centered) {
      // As PyTorch's lerp: exact at both ends.
      const Real a = grad_avg[i];
      grad_avg[i] = one_alpha < Real(0.5) ? a + one_alpha * (d - a) : d - alpha * (d - a);
      spread = std::max(Real(0), v - grad_avg[i] * grad_avg[i]);
    }
    const Real step = d / (std::sqrt(spread) + eps);
    if constexpr (with_momentum) {
      buffer[i] = momentum * buffer[i] + step;
      value[i] -= lr * buffer[i];
    } else {
      value[i] -= lr * step;
    }
  }
}

}  // namespace

RmsProp::RmsProp(std::vector<Tensor> parameters, const RmsPropOptions& options)
    : RmsProp(one_group(std::move(parameters)), options) {}

RmsProp::RmsProp(std::vector<ParameterGroup> groups, const RmsPropOptions& options)
    : Optimizer("rmsprop", std::move(groups), options.lr, options.weight_decay,
                state_names(options)),
      options_(options) {
  require_range("alpha", options.alpha, 1);
  require_range("eps", options.eps, infinity);
  require_range("momentum", options.momentum, infinity);
}

void RmsProp::set_momentum(double momentum) {
  require_range("momentum", momentum, infinity);
  require((momentum == 0) == (options_.momentum == 0),
          "[rmsprop] momentum cannot be switched on or off, from ", options_.momentum, " to ",
          momentum, ": build another optimiser");
  options_.momentum = momentum;
}

void RmsProp::update(const Update& u) {
  const Terms terms{
      .lr = static_cast<Real>(u.lr),
      .weight_decay = static_cast<Real>(u.weight_decay),
      .alpha = static_cast<Real>(options_.alpha),
      .one_alpha = static_cast<Real>(1 - options_.alpha),
      // Where v is too small for a Real, and there is no eps, 0 / 0 must be no step.
      .eps = std::max(static_cast<Real>(options_.eps), std::sqrt(std::numeric_limits<Real>::min())),
      .momentum = static_cast<Real>(options_.momentum),
  };
  const bool momentum = options_.momentum != 0;
  Real* const buffer = momentum ? u.state[1].data() : nullptr;
  Real* const average = options_.centered ? u.state[momentum ? 2 : 1].data() : nullptr;
  const auto kernel = options_.centered ? (momentum ? run<true, true> : run<true, false>)
                                        : (momentum ? run<false, true> : run<false, false>);
  kernel(u.value, u.grad, u.state[0].data(), average, buffer, u.count, terms);
}

}  // namespace fovea
