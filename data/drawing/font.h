// The bitmap font that labels pictures: fixed cells, legible at its own size and at whole
// multiples.
#pragma once

#include <cstdint>
#include <string_view>

namespace fovea {

inline constexpr int font_width = 7;    ///< pixels from one character to the next
inline constexpr int font_height = 13;  ///< pixels from one line to the next

/// The font_height rows of a character, top first; bit font_width - 1 is the leftmost pixel.
/// `code_point`: printable ASCII or one of "→←°·×±–…µ"; anything else gives "?".
const std::uint8_t* font_glyph(char32_t code_point);

/// Takes the first character off UTF-8 `text`, which must not be empty. A malformed byte is taken
/// alone and gives U+FFFD.
char32_t take_character(std::string_view& text);

/// Characters in UTF-8 `text`, counted as take_character takes them.
int character_count(std::string_view text);

}  // namespace fovea
