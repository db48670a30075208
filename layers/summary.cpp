#include "layers/summary.h"

#include <algorithm>
#include <array>

#include "core/autograd.h"

namespace fovea {

namespace {

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

// Modules in the order in which they begin to run, each once.
class Visits : public ModuleObserver {
 public:
  struct Visit {
    const Module* module;
    std::string output;
  };

  void before(const Module& module) override {
    if (!find(module)) visits_.push_back({&module, ""});
  }
  void after(const Module& module, const Tensor&, const Tensor& y) override {
    find(module)->output = cat(y.shape());
  }
  Visit* find(const Module& module) {
    const auto same = [&](const Visit& v) { return v.module == &module; };
    const auto visit = std::find_if(visits_.begin(), visits_.end(), same);
    return visit == visits_.end() ? nullptr : &*visit;
  }
  const std::vector<Visit>& all() const { return visits_; }

 private:
  std::vector<Visit> visits_;
};

std::string with_thousands(std::size_t value) {
  std::string digits = std::to_string(value);
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, 1, ',');
  return digits;
}

using Row = std::array<std::string, 4>;

Row row_of(const Module& module, const std::string& name, const std::string& output) {
  const std::size_t own = module.own_parameter_count();
  return {name, module.describe() + (module.children().empty() ? "" : ":"), output,
          own ? with_thousands(own) : ""};
}

std::string table(const std::vector<Row>& rows) {
  std::array<std::size_t, 4> widths{};
  for (const Row& row : rows)
    for (std::size_t i = 0; i < 4; ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string out;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < 3; ++i)
      line += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
    line += std::string(widths[3] - row[3].size(), ' ') + row[3];
    out += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  }
  return out;
}

}  // namespace

std::string architecture(const Module& module) {
  std::string out;
  print_tree(module, 0, out);
  return out + "\n";
}

std::string summary(const Module& module, const Shape& input_shape) {
  const NoGrad guard;
  Visits visits;
  module(Tensor::zeros(input_shape, true));

  std::vector<Row> rows = {{"Name", "Layer", "Output shape", "Parameters"},
                           {"(input)", "", cat(input_shape), ""}};
  const auto path_of = [&](const Module& wanted) {
    std::string found;
    for_each_module(module, [&](const std::string& path, const Module& m) {
      if (&m == &wanted) found = path.empty() ? "(network)" : path;
    });
    return found;
  };
  for (const Visits::Visit& visit : visits.all()) {
    if (visit.module == &module && !module.own_parameter_count()) continue;
    const std::string path = path_of(*visit.module);
    rows.push_back(row_of(*visit.module, path, visit.output));
    if (!path.empty()) continue;
    rows.back()[0] = "(not registered)";  // so its parameters are none of the network's
    rows.back()[3].clear();
  }
  for_each_module(module, [&](const std::string& path, const Module& m) {
    if (!visits.find(m) && m.own_parameter_count()) rows.push_back(row_of(m, path, "(not run)"));
  });
  return table(rows) + "Total parameters: " + with_thousands(module.parameter_count()) + "\n";
}

}  // namespace fovea
