#include "optim/sgd.h"

#include <limits>

namespace fovea {

namespace {

void plain(Real* __restrict value, const Real* __restrict grad, std::size_t count, Real lr,
           Real weight_decay) {
  for (std::size_t i = 0; i < count; ++i) value[i] -= lr * (grad[i] + weight_decay * value[i]);
}

struct MomentumTerms {
  Real lr, weight_decay, keep, add, momentum;
};

template <bool nesterov>
void with_momentum(Real* __restrict value, const Real* __restrict grad, Real* __restrict buffer,
                   std::size_t count, const MomentumTerms& terms) {
  const auto [lr, weight_decay, keep, add, momentum] = terms;
  for (std::size_t i = 0; i < count; ++i) {
    const Real d = grad[i] + weight_decay * value[i];
    const Real b = keep * buffer[i] + add * d;
    buffer[i] = b;
    value[i] -= lr * (nesterov ? d + momentum * b : b);
  }
}

}  // namespace

Sgd::Sgd(std::vector<Tensor> parameters, const SgdOptions& options)
    : Sgd(one_group(std::move(parameters)), options) {}

Sgd::Sgd(std::vector<ParameterGroup> groups, const SgdOptions& options)
    : Optimizer("sgd", std::move(groups), options.lr, options.weight_decay,
                options.momentum != 0 ? std::vector<std::string>{"momentum"}
                                      : std::vector<std::string>{}),
      options_(options) {
  check_options();
}

void Sgd::check_options() const {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  require_range("momentum", options_.momentum, infinity);
  require_range("dampening", options_.dampening, infinity);
  require(!options_.nesterov || (options_.momentum > 0 && options_.dampening == 0),
          "[sgd] nesterov needs a momentum and no dampening, got momentum ", options_.momentum,
          " and dampening ", options_.dampening);
}

void Sgd::set_momentum(double momentum) {
  require_range("momentum", momentum, std::numeric_limits<double>::infinity());
  require((momentum == 0) == (options_.momentum == 0),
          "[sgd] momentum cannot be switched on or off, from ", options_.momentum, " to ", momentum,
          ": build another optimiser");
  options_.momentum = momentum;
}

void Sgd::update(const Update& u) {
  const Real lr = static_cast<Real>(u.lr), weight_decay = static_cast<Real>(u.weight_decay);
  if (u.state.empty()) return plain(u.value, u.grad, u.count, lr, weight_decay);
  const bool first = u.step == 1;  // the buffer is zero then: 0 * b + d is d
  const MomentumTerms terms{
      .lr = lr,
      .weight_decay = weight_decay,
      .keep = first ? 0 : static_cast<Real>(options_.momentum),
      .add = first ? 1 : static_cast<Real>(1 - options_.dampening),
      .momentum = static_cast<Real>(options_.momentum),
  };
  const auto run = options_.nesterov ? with_momentum<true> : with_momentum<false>;
  run(u.value, u.grad, u.state[0].data(), u.count, terms);
}

}  // namespace fovea
