// Errors: one exception type, one line of text that says what, where and what to do.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace fovea {

/// Text from a file or a command line as it can be shown: control characters and bytes that are not
/// UTF-8 as \\n, \\x1b or \\u202e, and of more than `most` bytes only beginning and end.
std::string printable(std::string_view text, std::size_t most = 200);

/// Every failure a user can cause is an Error; what() is one line, ready for stderr: its text is
/// made printable(), since names in it come from files.
class Error : public std::runtime_error {
 public:
  explicit Error(std::string_view text) : std::runtime_error(printable(text, 4000)) {}
};

/// Appends `value` as a person would write it. Types of this library add their own overload
/// (found by argument-dependent lookup), so that cat() and fail() print shapes and paths too.
inline void append_text(std::string& out, std::string_view value) {
  out += value;
}
inline void append_text(std::string& out, char value) {
  out += value;
}
void append_text(std::string& out, double value);
template <class Integer>
requires std::is_integral_v<Integer>
void append_text(std::string& out, Integer value) {
  out += std::to_string(value);
}

/// The parts, one after the other, as one string: cat("got ", 3, " images").
template <class... Parts>
std::string cat(const Parts&... parts) {
  std::string out;
  (append_text(out, parts), ...);
  return out;
}

/// Throws Error with the parts as its text.
template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  throw Error(cat(parts...));
}

/// Throws Error with the parts as its text unless `condition` holds.
template <class... Parts>
void require(bool condition, const Parts&... parts) {
  if (!condition) [[unlikely]]
    fail(parts...);
}

}  // namespace fovea
