#include "optim/optimizer.h"

#include <limits>

#include "core/autograd.h"
#include "core/workers.h"

namespace fovea {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

Optimizer::Optimizer(std::string kind, std::vector<ParameterGroup> groups, double lr,
                     double weight_decay, std::vector<std::string> state_names)
    : kind_(std::move(kind)),
      groups_(std::move(groups)),
      state_names_(std::move(state_names)),
      learning_rate_(lr) {
  require_range("learning rate", lr, infinity);
  require_range("weight decay", weight_decay, infinity);
  for (const ParameterGroup& group : groups_) {
    require_range("lr_scale of a group", group.lr_scale, infinity);
    const double decay = group.weight_decay < 0 ? weight_decay : group.weight_decay;
    require_range("weight decay of a group", decay, infinity);
    for (const Tensor& value : group.parameters) add_parameter(value, group, decay);
  }
  require(!parameters_.empty(), "[", kind_, "] there are no parameters to train");
}

void Optimizer::add_parameter(const Tensor& value, const ParameterGroup& group,
                              double weight_decay) {
  const std::size_t index = parameters_.size();
  const auto require_that = [&](bool condition, const char* problem) {
    require(condition, "[", kind_, "] parameter ", index, group.name.empty() ? "" : " (group ",
            group.name, group.name.empty() ? "" : ")", ", ", value, ", ", problem);
  };
  require_that(value.defined(), "has no value");
  require_that(!value.is_per_sample(), "is not a parameter: those are shared by all samples");
  require_that(!value.node() || value.node()->is_leaf(),
               "is the result of an operation; train what it was computed from");
  for (const Parameter& other : parameters_)
    require_that(value.size() == 0 || value.data() != other.value.data(), "is given twice");
  std::vector<Tensor> state;
  for (std::size_t i = 0; i < state_names_.size(); ++i)
    state.push_back(Tensor::zeros(value.shape()));
  parameters_.push_back({value, group.lr_scale, weight_decay, std::move(state)});
}

void Optimizer::require_range(const char* option, double value, double limit) const {
  if (limit == infinity) {
    require(value >= 0 && value < limit, "[", kind_, "] ", option,
            " must be a finite number, zero or more, got ", value);
  } else {
    require(value >= 0 && value < limit, "[", kind_, "] ", option,
            " must be at least 0 and less than ", limit, ", got ", value);
  }
}

std::vector<ParameterGroup> Optimizer::one_group(std::vector<Tensor> parameters) {
  std::vector<ParameterGroup> groups(1);
  groups[0].parameters = std::move(parameters);
  return groups;
}

void Optimizer::step() {
  // A task only because denormals are flushed inside tasks: the momentum of a weight whose
  // gradients have ended decays to them, and they would slow down every later step.
  run_tasks(1, [this](int) {
    for (Parameter& parameter : parameters_) {
      const Tensor grad = parameter.value.grad();
      if (!grad) continue;
      update({.value = parameter.value.data(),
              .grad = grad.data(),
              .state = parameter.state,
              .count = parameter.value.real_count(),
              .lr = learning_rate_ * parameter.lr_scale,
              .weight_decay = parameter.weight_decay,
              .step = ++parameter.steps});
    }
  });
  ++steps_;
}

void Optimizer::set_learning_rate(double lr) {
  require_range("learning rate", lr, infinity);
  learning_rate_ = lr;
}

void Optimizer::set_steps(std::int64_t steps) {
  require(steps >= 0, "[", kind_, "] the number of steps cannot be negative, got ", steps);
  steps_ = steps;
}

}  // namespace fovea
