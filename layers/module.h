// Module: something with parameters, children and a forward pass.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/function_ref.h"
#include "core/tensor.h"
#include "core/trace.h"

namespace fovea {

struct NamedTensor {
  std::string name;  ///< dotted, as PyTorch's state_dict: "localization.0.weight"
  SharedTensor tensor;
};

/// Several layers in a row as one operation: what Module::fuse() answers.
struct Fused {
  int followers = 0;  ///< how many of the layers behind it a layer takes along; 0: none
  std::function<Tensor(const Tensor& x)> run = {};
};

/// Base of layers and networks. Parameters and children are registered by name in the constructor,
/// so a module is built once and then neither copied nor moved. forward() is const: the tiles of
/// a batch run through one module at the same time.
class Module : public Scope {
 public:
  Module() = default;
  virtual ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  /// The output for one tile, `x` per sample. Throws Error when the shape of `x` does not fit.
  virtual Tensor forward(const Tensor& x) const = 0;
  /// forward(), seen by those who observe modules; an Error in it says in which module it was.
  Tensor operator()(const Tensor& x) const;

  /// One line for printing, as PyTorch writes it: "Conv2d(1, 8, kernel_size=(7, 7))".
  virtual std::string describe() const = 0;

  /// Whether this layer runs together with some of those that come behind it in a chain, with the
  /// values that each of them would give by itself. Asked when the chain is built.
  virtual Fused fuse(std::span<const Module* const> followers) const;

  std::vector<NamedTensor> named_parameters() const;  ///< in order of registration, depth first
  std::vector<Tensor> parameters() const;
  std::size_t parameter_count() const;      ///< numbers, not tensors
  std::size_t own_parameter_count() const;  ///< without those of children

  /// Training mode (dropout active) for this module and its children; it is the initial mode.
  void train(bool on = true);
  void eval() { train(false); }
  bool training() const { return training_; }

  const std::vector<std::pair<std::string, Module*>>& children() const { return children_; }
  /// Its name from the outermost parent on, "localization.0"; empty for what has no parent.
  std::string path() const override;

 protected:
  /// Registers a leaf that requires a gradient and returns it. Throws if the name is taken or the
  /// value is none or per sample.
  SharedTensor add_parameter(const std::string& name, const Tensor& value);
  /// The same with a new value, not filled yet; Error before memory is taken beyond ParameterLimit.
  SharedTensor add_parameter(const std::string& name, const Shape& shape);
  /// Registers a child, usually a member of the derived class, which must outlive this module's
  /// last forward pass. A module has one parent: Error if it has one already.
  void add_module(const std::string& name, Module& child);

 private:
  friend class Chain;
  // Something that this module does, under its name.
  Tensor run(const Tensor& x, FunctionRef<Tensor(const Tensor&)> action) const;
  void collect(const std::string& prefix, std::vector<NamedTensor>& out) const;
  void require_new_name(const std::string& name) const;

  std::string name_;  // within the parent
  Module* parent_ = nullptr;
  std::vector<NamedTensor> own_parameters_;
  std::vector<std::pair<std::string, Module*>> children_;
  bool training_ = true;
};

/// While it lives, the modules built on this thread may have `numbers` numbers as parameters: who
/// builds one by a file's description grants what the file holds.
class ParameterLimit {
 public:
  explicit ParameterLimit(std::int64_t numbers);
  ~ParameterLimit();
  ParameterLimit(const ParameterLimit&) = delete;
  ParameterLimit& operator=(const ParameterLimit&) = delete;

 private:
  std::int64_t before_;
};

/// Calls visit(path, module) for the module and all below it, parents first, in order of
/// registration; the path of `root` itself is empty.
void for_each_module(const Module& root,
                     const std::function<void(const std::string& path, const Module&)>& visit);

/// Sees every module that runs on this thread while it lives. One at a time on a thread: the
/// newest.
class ModuleObserver {
 public:
  ModuleObserver();
  virtual ~ModuleObserver();
  ModuleObserver(const ModuleObserver&) = delete;
  ModuleObserver& operator=(const ModuleObserver&) = delete;

  virtual void before(const Module&) {}
  virtual void after(const Module& module, const Tensor& x, const Tensor& y) = 0;

 private:
  ModuleObserver* outer_;
};

/// True while somebody on this thread wants to see every module run by itself: a ModuleObserver, a
/// Trace, or FOVEA_CHECK_FINITE.
bool modules_observed();

}  // namespace fovea
