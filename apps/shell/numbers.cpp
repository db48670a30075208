#include "apps/shell/numbers.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <string_view>

namespace fovea {

namespace {

template <class Number>
std::optional<Number> whole(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<double> number_of(std::string_view text) {
  return whole<double>(text);
}
std::optional<std::int64_t> whole_number_of(std::string_view text) {
  return whole<std::int64_t>(text);
}
std::optional<std::uint64_t> natural_number_of(std::string_view text) {
  return whole<std::uint64_t>(text);
}

std::string fixed(double value, int decimals) {
  char text[400];  // the largest double has 309 digits before the point
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  const std::string_view view = text;
  const bool negative_zero = view[0] == '-' && view.find_first_of("123456789in") == view.npos;
  return std::string(view.substr(negative_zero ? 1 : 0));
}

std::string grouped(std::int64_t value) {
  std::string out = std::to_string(value);
  const std::size_t sign = value < 0 ? 1 : 0;
  for (std::size_t i = out.size(); i > sign + 3; i -= 3) out.insert(i - 3, 1, ',');
  return out;
}

MeanAndError mean_and_error(const std::vector<double>& values) {
  const double count = static_cast<double>(values.size());
  MeanAndError out;
  for (const double value : values) out.mean += value / count;
  double squares = 0;
  for (const double value : values) squares += (value - out.mean) * (value - out.mean);
  if (values.size() > 1) out.error = std::sqrt(squares / (count - 1) / count);
  return out;
}

std::string duration_text(double seconds) {
  const long long whole = std::llround(std::clamp(seconds, 0.0, 3.6e8));
  char text[32];
  if (whole >= 3600)
    std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60,
                  whole % 60);
  else
    std::snprintf(text, sizeof text, "%lld:%02lld", whole / 60, whole % 60);
  return text;
}

}  // namespace fovea
