// Numbers as people read them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fovea {

/// `value` with `decimals` digits after the point: fixed(2.5, 2) is "2.50", and never "-0".
std::string fixed(double value, int decimals);

/// A whole number with thousands separated: "60,000".
std::string grouped(std::int64_t value);

/// The text as a decimal number, all of it: no hexadecimal, no spaces, and leading zeros mean
/// nothing (010 is ten). Nothing if it is none, or beyond what the type holds.
std::optional<double> number_of(std::string_view text);
std::optional<std::int64_t> whole_number_of(std::string_view text);
std::optional<std::uint64_t> natural_number_of(std::string_view text);

/// A length of time as a clock shows it, "1:02:03" or "2:03".
std::string duration_text(double seconds);

/// The mean, and its standard error by the values' spread (0 of a single one).
struct MeanAndError {
  double mean = 0, error = 0;
};
MeanAndError mean_and_error(const std::vector<double>& values);

}  // namespace fovea
