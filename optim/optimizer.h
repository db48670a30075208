// Optimizer: what all optimisers share - parameter groups, the learning rate, state for
// checkpoints.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/tensor.h"

namespace fovea {

/// Parameters that are trained alike.
struct ParameterGroup {
  std::vector<Tensor> parameters;
  double lr_scale = 1;       ///< times the optimiser's learning rate
  double weight_decay = -1;  ///< negative: the optimiser's
  std::string name = {};     ///< for people: logs and error messages
};

/// Base of the optimisers: step() moves every parameter that has a gradient, and never changes the
/// gradient. Parameters are numbered through all groups, in order, from 0. An optimiser of your own
/// derives from this and writes update().
class Optimizer {
 public:
  /// One tensor of state() with its name: "momentum.3".
  using NamedState = std::pair<std::string, Tensor>;

  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  /// One update of all parameters. Those without a gradient stay as they are, and so does their
  /// state, as in PyTorch. Allocates nothing; runs on the calling thread; the result has the same
  /// bits in every run. Does not look for NaN: check grad_norm() first.
  void step();

  /// The learning rate of a group with lr_scale 1. Error: negative, NaN or infinite.
  double learning_rate() const { return learning_rate_; }
  void set_learning_rate(double lr);

  /// What a one-cycle schedule moves against the rate: SGD's momentum, Adam's beta1. Nothing for an
  /// optimiser without such a thing.
  virtual void set_momentum(double) {}

  /// How often step() was called: the argument of a Schedule. Error: negative.
  std::int64_t steps() const { return steps_; }
  void set_steps(std::int64_t steps);

  const std::vector<ParameterGroup>& groups() const { return groups_; }

  /// Everything the next step depends on beside parameters, options and steps(): for parameter N
  /// that has been updated before, the state tensors (of its shape; handles, not copies) and, if
  /// there are any, the scalar "step.N", the updates it got (PyTorch counts each one's own).
  std::vector<NamedState> state() const;

  /// Sets one tensor of state(). Error: unknown name, wrong shape, "step.N" not a count.
  void load_state(const std::string& name, const Tensor& values);

  /// The reverse of steps() and state(): the run continues with the same bits. All or nothing.
  /// Error: as load_state, a name given twice, and tensors missing, which the message lists.
  void restore(std::int64_t steps, std::span<const NamedState> state);

  /// Forgets steps and state, as newly built.
  void reset();

 protected:
  /// One parameter in one step.
  struct Update {
    Real* value;
    const Real* grad;
    std::span<const Tensor> state;  ///< in the order of `state_names`, zeros before the first step
    std::size_t count;              ///< Reals in value, grad and each state tensor
    double lr;                      ///< with the group's scale
    double weight_decay;
    std::int64_t step;  ///< of this parameter, from 1
  };

  /// `kind` opens error messages. Error: no parameters, one that is given twice, undefined, per
  /// sample or the result of an operation; rates, scales or decays that are NaN or out of range.
  Optimizer(std::string kind, std::vector<ParameterGroup> groups, double lr, double weight_decay,
            std::vector<std::string> state_names);

  virtual void update(const Update& u) = 0;

  /// Throws unless 0 <= value < limit, naming the optimiser and the option.
  void require_range(const char* option, double value, double limit) const;

  static std::vector<ParameterGroup> one_group(std::vector<Tensor> parameters);

 private:
  struct Parameter {
    Tensor value;
    double lr_scale;
    double weight_decay;
    std::vector<Tensor> state;
    std::int64_t steps = 0;
  };
  struct StateKey {
    std::size_t parameter;
    std::size_t slot;  // index in state_names_; one past the end is "step"
  };

  void add_parameter(const Tensor& value, const ParameterGroup& group, double weight_decay);
  StateKey find_state(const std::string& name, const Tensor& values) const;
  std::string state_name(StateKey key) const;
  void require_complete(std::int64_t steps, std::span<const NamedState> state) const;

  std::string kind_;
  std::vector<ParameterGroup> groups_;
  std::vector<Parameter> parameters_;
  std::vector<std::string> state_names_;
  double learning_rate_;
  std::int64_t steps_ = 0;
};

}  // namespace fovea
