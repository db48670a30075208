// Module: something with parameters, children and a forward pass.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/tensor.h"

namespace fovea {

struct NamedTensor {
  std::string name;  ///< dotted, as PyTorch's state_dict: "localization.0.weight"
  Tensor tensor;
};

/// Base of layers and networks. Parameters and children are registered by name in the constructor,
/// so a module is built once and then neither copied nor moved. forward() is const: the tiles of
/// a batch run through one module at the same time.
class Module {
 public:
  Module() = default;
  virtual ~Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  /// The output for one tile, `x` per sample. Throws Error when the shape of `x` does not fit.
  virtual Tensor forward(const Tensor& x) const = 0;
  /// forward(), under this module's name (error messages, traces, summaries).
  Tensor operator()(const Tensor& x) const;

  /// One line for printing, as PyTorch writes it: "Conv2d(1, 8, kernel_size=(7, 7))".
  virtual std::string describe() const = 0;

  std::vector<NamedTensor> named_parameters() const;  ///< in order of registration, depth first
  std::vector<Tensor> parameters() const;
  std::size_t parameter_count() const;  ///< numbers, not tensors

  /// Training mode (dropout active) for this module and its children; it is the initial mode.
  void train(bool on = true);
  void eval() { train(false); }
  bool training() const { return training_; }

  const std::vector<std::pair<std::string, Module*>>& children() const { return children_; }

 protected:
  /// Registers a leaf that requires a gradient and returns it. Throws if the name is taken.
  Tensor add_parameter(const std::string& name, Tensor value);
  /// Registers a child, usually a member of the derived class, which must outlive this module.
  void add_module(const std::string& name, Module& child);

 private:
  void collect(const std::string& prefix, std::vector<NamedTensor>& out) const;
  void require_new_name(const std::string& name) const;

  std::string name_;  // within the parent
  std::vector<NamedTensor> own_parameters_;
  std::vector<std::pair<std::string, Module*>> children_;
  bool training_ = true;
};

/// The nested listing that people know from PyTorch: names, options, one module a line.
std::string architecture(const Module& module);

/// True while somebody on this thread wants to see every module run on its own (a summary, a
/// trace).
bool modules_observed();

/// A table of every module that runs: name, description, output shape, parameters; with totals.
/// Runs one tile of zeros of the shape of one sample through the module.
std::string summary(const Module& module, const Shape& input_shape);

}  // namespace fovea
