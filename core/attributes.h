// Named values: what an operation says of itself to those who trace it (stride, padding, the axis),
// what a network was built from.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/lanes.h"

namespace fovea {

/// A name and a value of one of five types; made from what options hold.
struct Attribute {
  using Integers = std::vector<std::int64_t>;
  using Value = std::variant<bool, std::int64_t, double, std::string, Integers>;

  Attribute(std::string n, bool v) : name(std::move(n)), value(v) {}
  Attribute(std::string n, int v) : name(std::move(n)), value(std::int64_t{v}) {}
  Attribute(std::string n, float v) : name(std::move(n)), value(static_cast<double>(v)) {}
  Attribute(std::string n, double v) : name(std::move(n)), value(v) {}
  Attribute(std::string n, const char* v) : name(std::move(n)), value(std::string(v)) {}
  Attribute(std::string n, std::string v) : name(std::move(n)), value(std::move(v)) {}
  Attribute(std::string n, Integers v) : name(std::move(n)), value(std::move(v)) {}
  Attribute(std::string n, std::initializer_list<int> v)
      : name(std::move(n)), value(Integers(v.begin(), v.end())) {}

  std::string name;
  Value value;
};

/// Readers ask by name and type: Error if there is no such one.
class Attributes {
 public:
  Attributes() = default;
  Attributes(std::initializer_list<Attribute> all) : all_(all) {}

  bool flag(std::string_view name) const;
  std::int64_t integer(std::string_view name) const;
  double number(std::string_view name) const;
  const std::string& text(std::string_view name) const;
  const std::vector<std::int64_t>& integers(std::string_view name) const;

  const std::vector<Attribute>& all() const { return all_; }
  const Attribute* find(std::string_view name) const;  ///< null if there is none
  /// Replaces the value of the attribute of that name, or adds it. Error: it has another type.
  void set(Attribute attribute);
  void set_all(const Attributes& others);  ///< set() of each of them

 private:
  std::vector<Attribute> all_;
};

}  // namespace fovea
