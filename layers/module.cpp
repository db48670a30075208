#include "layers/module.h"

#include <algorithm>
#include <limits>

namespace fovea {

namespace {

thread_local ModuleObserver* observer = nullptr;
thread_local std::int64_t parameters_left = std::numeric_limits<std::int64_t>::max();

// An error that says already in which module it was.
class ModuleError : public Error {
 public:
  using Error::Error;
};

}  // namespace

Module::~Module() {
  for (const auto& [name, child] : children_) child->parent_ = nullptr, child->name_.clear();
  if (parent_) std::erase_if(parent_->children_, [&](auto& c) { return c.second == this; });
}

Tensor Module::operator()(const Tensor& x) const {
  ModuleObserver* const watching = observer;
  if (!watching) return run(x, [this](const Tensor& in) { return forward(in); });
  watching->before(*this);
  Tensor y = run(x, [this](const Tensor& in) { return forward(in); });
  watching->after(*this, x, y);
  return y;
}

Tensor Module::run(const Tensor& x, FunctionRef<Tensor(const Tensor&)> action) const {
  const ScopeGuard scope(*this);
  try {
    return action(x);
  } catch (const ModuleError&) {
    throw;
  } catch (const Error& error) {
    const std::string where = path();
    if (where.empty() || std::string_view(error.what()).find(where) != std::string_view::npos)
      throw;
    throw ModuleError(cat(error.what(), " (in ", where, ")"));
  }
}

Fused Module::fuse(std::span<const Module* const>) const {
  return {};
}

std::string Module::path() const {
  if (!parent_) return name_;
  const std::string above = parent_->path();
  return above.empty() ? name_ : above + "." + name_;
}

void Module::require_new_name(const std::string& name) const {
  const bool found =
      std::any_of(own_parameters_.begin(), own_parameters_.end(),
                  [&](const NamedTensor& p) { return p.name == name; }) ||
      std::any_of(children_.begin(), children_.end(), [&](auto& c) { return c.first == name; });
  require(!found && !name.empty() && name.find('.') == std::string::npos, "[module] the name \"",
          name, "\" is ", found ? "taken" : "empty or has a dot");
}

ParameterLimit::ParameterLimit(std::int64_t numbers) : before_(parameters_left) {
  parameters_left = numbers;
}

ParameterLimit::~ParameterLimit() {
  parameters_left = before_;
}

SharedTensor Module::add_parameter(const std::string& name, const Shape& shape) {
  require(shape.size() <= parameters_left, "[module] the parameter \"", name, "\" of shape ", shape,
          " is more than there are numbers for");
  return add_parameter(name, Tensor::shared(shape));
}

SharedTensor Module::add_parameter(const std::string& name, const Tensor& value) {
  require_new_name(name);
  require(value && !value.is_per_sample(), "[module] the parameter \"", name,
          "\" must be shared by all samples, got ", value);
  parameters_left -= value.shape().size();
  SharedTensor parameter(value);
  parameter.set_requires_grad();
  own_parameters_.push_back({name, parameter});
  return parameter;
}

void Module::add_module(const std::string& name, Module& child) {
  require_new_name(name);
  require(!child.parent_, "[module] \"", name, "\" is registered already, as \"", child.path(),
          "\"; a module has one parent");
  child.name_ = name;
  child.parent_ = this;
  children_.emplace_back(name, &child);
}

void Module::collect(const std::string& prefix, std::vector<NamedTensor>& out) const {
  for (const NamedTensor& p : own_parameters_) out.push_back({prefix + p.name, p.tensor});
  for (const auto& [name, child] : children_) child->collect(prefix + name + ".", out);
}

std::vector<NamedTensor> Module::named_parameters() const {
  std::vector<NamedTensor> out;
  collect("", out);
  return out;
}

std::vector<Tensor> Module::parameters() const {
  std::vector<Tensor> out;
  for (NamedTensor& p : named_parameters()) out.push_back(std::move(p.tensor));
  return out;
}

std::size_t Module::parameter_count() const {
  std::size_t count = own_parameter_count();
  for (const auto& [name, child] : children_) count += child->parameter_count();
  return count;
}

std::size_t Module::own_parameter_count() const {
  std::size_t count = 0;
  for (const NamedTensor& p : own_parameters_) count += static_cast<std::size_t>(p.tensor.size());
  return count;
}

void Module::train(bool on) {
  training_ = on;
  for (const auto& [name, child] : children_) child->train(on);
}

void for_each_module(const Module& root,
                     const std::function<void(const std::string& path, const Module&)>& visit) {
  const std::function<void(const std::string&, const Module&)> walk = [&](const std::string& path,
                                                                          const Module& module) {
    visit(path, module);
    for (const auto& [name, child] : module.children())
      walk(path.empty() ? name : path + "." + name, *child);
  };
  walk("", root);
}

ModuleObserver::ModuleObserver() : outer_(observer) {
  observer = this;
}

ModuleObserver::~ModuleObserver() {
  observer = outer_;
}

bool modules_observed() {
  return observer || operations_observed();
}

}  // namespace fovea
