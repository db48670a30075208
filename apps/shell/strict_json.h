// Values of JSON as what they are said to be: a fraction is no whole number, and nothing wraps.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <type_traits>
#include <utility>

#include "apps/shell/json.h"
#include "core/error.h"

namespace fovea {

/// Sets `value`; throws Error "NAME is 1.5, a whole number is expected" if `json` is of another
/// type or out of the range of T.
template <class T>
void read_strictly(const Json& json, const std::string& name, T& value) {
  const auto expect = [&](bool good, const char* what) {
    if (!good) fail(name, " is ", printable(dump_json(json), 60), ", ", what, " is expected");
  };
  if constexpr (std::is_same_v<T, bool>) {
    expect(json.is_boolean(), "true or false");
    value = json.get<bool>();
  } else if constexpr (std::is_integral_v<T>) {
    expect(json.is_number_integer(), "a whole number");
    // Unsigned where it does not fit 64 bits with a sign.
    const bool large = json.is_number_unsigned();
    expect(large ? std::in_range<T>(json.get<std::uint64_t>())
                 : std::in_range<T>(json.get<std::int64_t>()),
           "a smaller whole number");
    value = json.get<T>();
  } else if constexpr (std::is_floating_point_v<T>) {
    expect(json.is_number(), "a number");
    value = json.get<T>();
  } else if constexpr (std::is_same_v<T, std::string>) {
    expect(json.is_string(), "text");
    value = json.get<std::string>();
  } else {  // a vector or an array of one of these
    expect(json.is_array(), "a list");
    if constexpr (requires { value.resize(0); })
      value.resize(json.size());
    else
      expect(json.size() == value.size(), "a list of another length");
    for (std::size_t i = 0; i < json.size(); ++i) read_strictly(json[i], name, value[i]);
  }
}

}  // namespace fovea
