#include "layers/module.h"

#include <algorithm>
#include <array>

#include "core/autograd.h"
#include "core/debug.h"

namespace fovea {

namespace {

struct Visit {
  std::string path;
  const Module* module;
  Shape output;
};
// Set while summary() watches this thread.
thread_local std::vector<Visit>* visits = nullptr;

void print_tree(const Module& module, int depth, std::string& out) {
  out += module.describe();
  if (module.children().empty()) return;
  out += "(\n";
  for (const auto& [name, child] : module.children()) {
    out += std::string(2 * depth + 2, ' ') + "(" + name + "): ";
    print_tree(*child, depth + 1, out);
    out += '\n';
  }
  out += std::string(2 * depth, ' ') + ")";
}

std::string with_thousands(std::size_t value) {
  std::string digits = std::to_string(value);
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, 1, ',');
  return digits;
}

std::string padded(std::string text, std::size_t width, bool right = false) {
  if (text.size() < width) text.insert(right ? 0 : text.size(), width - text.size(), ' ');
  return text;
}

}  // namespace

Tensor Module::operator()(const Tensor& x) const {
  const ModuleScope scope(name_.c_str());
  const std::size_t position = visits ? visits->size() : 0;
  if (visits) visits->push_back({current_module(), this, {}});
  Tensor y = forward(x);
  if (visits) (*visits)[position].output = y.shape();
  return y;
}

void Module::require_new_name(const std::string& name) const {
  const auto taken = [&](const auto& pair) { return pair == name; };
  const bool found =
      std::any_of(own_parameters_.begin(), own_parameters_.end(),
                  [&](const NamedTensor& p) { return taken(p.name); }) ||
      std::any_of(children_.begin(), children_.end(), [&](auto& c) { return taken(c.first); });
  require(!found && !name.empty() && name.find('.') == std::string::npos, "[module] the name \"",
          name, "\" is ", found ? "taken" : "empty or has a dot");
}

Tensor Module::add_parameter(const std::string& name, Tensor value) {
  require_new_name(name);
  value.set_requires_grad();
  own_parameters_.push_back({name, value});
  return value;
}

void Module::add_module(const std::string& name, Module& child) {
  require_new_name(name);
  child.name_ = name;
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
  std::size_t count = 0;
  for (const Tensor& p : parameters()) count += static_cast<std::size_t>(p.size());
  return count;
}

void Module::train(bool on) {
  training_ = on;
  for (const auto& [name, child] : children_) child->train(on);
}

std::string architecture(const Module& module) {
  std::string out;
  print_tree(module, 0, out);
  return out + "\n";
}

bool modules_observed() {
  return visits || tracing();
}

std::string summary(const Module& module, const Shape& input_shape) {
  const NoGrad guard;
  std::vector<Visit> seen;
  visits = &seen;
  try {
    module(Tensor::zeros(input_shape, true));
  } catch (...) {
    visits = nullptr;
    throw;
  }
  visits = nullptr;

  std::vector<std::array<std::string, 4>> rows = {{"Name", "Layer", "Output shape", "Parameters"},
                                                  {"(input)", "", cat(input_shape), ""}};
  for (const Visit& visit : seen) {
    if (visit.module == &module) continue;
    std::size_t own = visit.module->parameter_count();
    const bool parent = !visit.module->children().empty();
    rows.push_back({visit.path, parent ? visit.module->describe() + ":" : visit.module->describe(),
                    cat(visit.output), own && !parent ? with_thousands(own) : ""});
  }
  std::array<std::size_t, 4> widths{};
  for (const auto& row : rows)
    for (int i = 0; i < 4; ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string out;
  for (const auto& row : rows) {
    for (int i = 0; i < 4; ++i) out += padded(row[i], widths[i] + (i < 3 ? 2 : 0), i == 3);
    out += '\n';
  }
  return out + "Total parameters: " + with_thousands(module.parameter_count()) + "\n";
}

}  // namespace fovea
