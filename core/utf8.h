// Text as Unicode.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fovea {

struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 0;  ///< how many it takes
};

/// The code point at the start of `text`, which is not empty; 0 bytes if it is not UTF-8: overlong
/// forms, surrogates and stray bytes are not.
CodePoint first_code_point(std::string_view text);

/// Whether all of `text` is UTF-8.
bool is_utf8(std::string_view text);

/// `text` with \\xHH for every byte that is not UTF-8.
std::string as_utf8(std::string_view text);

}  // namespace fovea
