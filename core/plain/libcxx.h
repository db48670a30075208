// What emscripten 3.1.6's standard library lacks of C++20; `make web` includes this before all
// else.
#pragma once

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace std {

template <class To, class From>
constexpr To bit_cast(const From& from) noexcept {
  static_assert(sizeof(To) == sizeof(From));
  return __builtin_bit_cast(To, from);
}

namespace ranges {
template <class Range, class Out>
void copy(const Range& range, Out out) {
  std::copy(range.begin(), range.end(), out);
}
}  // namespace ranges

inline from_chars_result from_chars(const char* first, const char* last, double& value) {
  // strtod also takes what from_chars does not: space, a plus sign, hexadecimal digits.
  const string text(first, last);
  const size_t end = min(text.find_first_not_of("-+.0123456789eEinfatyINFATY"), text.size());
  const string number = text.substr(0, end);
  char* stop = nullptr;
  const double read = strtod(number.c_str(), &stop);
  if (number.empty() || number[0] == '+' || stop == number.c_str())
    return {first, errc::invalid_argument};
  value = read;
  return {first + (stop - number.c_str()), errc{}};
}

/// The shortest text that reads as the same number.
inline to_chars_result to_chars(char* first, char* last, double value) {
  int length = 0;
  for (int digits = 1; digits <= 17; ++digits) {
    length = snprintf(first, static_cast<size_t>(last - first), "%.*g", digits, value);
    if (length < last - first && strtod(first, nullptr) == value) break;
  }
  return length < last - first ? to_chars_result{first + length, errc{}}
                               : to_chars_result{last, errc::value_too_large};
}

}  // namespace std
