// The state of an Optimizer, out to checkpoints and back.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "optim/optimizer.h"

namespace fovea {

std::string Optimizer::state_name(StateKey key) const {
  return cat(key.slot < state_names_.size() ? state_names_[key.slot] : "step", ".", key.parameter);
}

std::vector<Optimizer::NamedState> Optimizer::state() const {
  std::vector<NamedState> out;
  if (state_names_.empty()) return out;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const Parameter& parameter = parameters_[i];
    if (parameter.steps == 0) continue;
    for (std::size_t slot = 0; slot < state_names_.size(); ++slot)
      out.emplace_back(state_name({i, slot}), parameter.state[slot]);
    // A float counts to 2^24; every bias correction has long been 1 by then.
    out.emplace_back(state_name({i, state_names_.size()}),
                     Tensor::filled({}, static_cast<Real>(parameter.steps)));
  }
  return out;
}

Optimizer::StateKey Optimizer::find_state(const std::string& name, const Tensor& values) const {
  require(!state_names_.empty(), "[", kind_, "] unknown state \"", name,
          "\": with these options it keeps none");
  const std::size_t dot = std::min(name.rfind('.'), name.size());
  const std::string kind = name.substr(0, dot);
  StateKey key{parameters_.size(), 0};
  while (key.slot < state_names_.size() && kind != state_names_[key.slot]) ++key.slot;
  const char* const digits = name.data() + std::min(dot + 1, name.size());
  std::from_chars(digits, name.data() + name.size(), key.parameter);
  // Comparing with the name written back refuses "momentum.03", "momentum.3x" and the like.
  require(key.parameter < parameters_.size() && state_name(key) == name, "[", kind_,
          "] unknown state \"", name, "\": it keeps ", state_names_[0], ".0 to ",
          state_name({parameters_.size() - 1, state_names_.size()}));
  const bool counts = key.slot == state_names_.size();
  const Shape shape = counts ? Shape() : parameters_[key.parameter].value.shape();
  require(values && !values.is_per_sample() && values.shape() == shape, "[", kind_, "] state ",
          name, " must be shared ", shape, ", got ", values);
  if (counts) {
    const auto count = static_cast<double>(values.item());
    require(count >= 0 && count < 0x1p53 && count == std::floor(count), "[", kind_, "] state ",
            name, " must be a number of steps, got ", count);
  }
  return key;
}

void Optimizer::load_state(const std::string& name, const Tensor& values) {
  const StateKey key = find_state(name, values);
  Parameter& parameter = parameters_[key.parameter];
  if (key.slot < state_names_.size()) {
    parameter.state[key.slot].copy_from(values);
  } else {
    parameter.steps = static_cast<std::int64_t>(values.item());
  }
}

void Optimizer::require_complete(std::int64_t steps, std::span<const NamedState> state) const {
  const std::size_t kinds = state_names_.size() + 1;
  std::vector<bool> seen(parameters_.size() * kinds);
  for (const auto& [name, values] : state) {
    const StateKey key = find_state(name, values);
    const std::size_t index = key.parameter * kinds + key.slot;
    require(!seen[index], "[", kind_, "] state ", name, " is given twice");
    seen[index] = true;
  }
  require(steps == 0 || state_names_.empty() || !state.empty(), "[", kind_, "] no state (",
          state_names_.empty() ? "" : state_names_[0], ".0, ...) to continue from at step ", steps,
          ": saved by another optimiser or with other options");
  std::string missing;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const auto first = seen.begin() + static_cast<std::ptrdiff_t>(i * kinds);
    const auto end = first + static_cast<std::ptrdiff_t>(kinds);
    if (std::find(first, end, true) == end) continue;  // never updated so far
    for (std::size_t slot = 0; slot < kinds; ++slot)
      if (!first[static_cast<std::ptrdiff_t>(slot)]) missing += " " + state_name({i, slot});
  }
  require(missing.empty(), "[", kind_, "] state is missing:", missing);
}

void Optimizer::restore(std::int64_t steps, std::span<const NamedState> state) {
  require(steps >= 0, "[", kind_, "] the number of steps cannot be negative, got ", steps);
  require_complete(steps, state);
  // The tensors may be this optimiser's own: copies first, then nothing is lost by the reset.
  std::vector<Tensor> copies;
  for (const auto& [name, values] : state) copies.push_back(values.clone());
  reset();
  for (std::size_t i = 0; i < state.size(); ++i) load_state(state[i].first, copies[i]);
  steps_ = steps;
}

void Optimizer::reset() {
  steps_ = 0;
  for (Parameter& parameter : parameters_) {
    parameter.steps = 0;
    for (const Tensor& tensor : parameter.state) tensor.fill(0);
  }
}

}  // namespace fovea
