#include <string>

#include "core/error.h"
#include "data/drawing/canvas.h"
#include "data/drawing/font.h"

namespace fovea {
namespace {

bool inked(const std::uint8_t* glyph, int x, int y) {
  if (x < 0 || x >= font_width || y < 0 || y >= font_height) return false;
  return glyph[y] >> (font_width - 1 - x) & 1;
}

/// Whether the quarter (right, below) of a glyph's pixel is inked when it is doubled: the rule of
/// Scale2x, by which a corner takes the colour of two equal neighbours.
bool inked_quarter(const std::uint8_t* glyph, int x, int y, bool right, bool below) {
  const bool up = inked(glyph, x, y - 1), down = inked(glyph, x, y + 1);
  const bool left = inked(glyph, x - 1, y), after = inked(glyph, x + 1, y);
  const bool side = right ? after : left, end = below ? down : up;
  if (up != down && left != after && side == end) return side;
  return inked(glyph, x, y);
}

void draw_glyph(Image& canvas, int left, int top, const std::uint8_t* glyph, Colour colour,
                int scale) {
  for (int y = 0; y < font_height * scale; ++y)
    for (int x = 0; x < font_width * scale; ++x) {
      const int gx = x / scale, gy = y / scale;
      const bool right = x % scale >= scale / 2, below = y % scale >= scale / 2;
      const bool ink =
          scale % 2 ? inked(glyph, gx, gy) : inked_quarter(glyph, gx, gy, right, below);
      if (ink) blend_pixel(canvas, left + x, top + y, colour, 1);
    }
}

}  // namespace

void draw_text(Image& canvas, int x, int y, std::string_view text, Colour colour, int scale) {
  require(scale >= 1 && scale <= 64, "canvas: cannot enlarge text ", scale, " times");
  for (; !text.empty() && x < canvas.width; x += font_width * scale)
    draw_glyph(canvas, x, y, font_glyph(take_character(text)), colour, scale);
}

int text_width(std::string_view text, int scale) {
  return character_count(text) * font_width * scale;
}

int text_height(int scale) {
  return font_height * scale;
}

std::string fit_text(std::string_view text, int width, int scale) {
  if (text_width(text, scale) <= width) return std::string(text);
  std::string_view rest = text;
  for (int room = width / (font_width * scale) - 1; room > 0; --room) take_character(rest);
  std::string_view kept = text.substr(0, text.size() - rest.size());
  while (kept.ends_with(' ')) kept.remove_suffix(1);
  return std::string(kept) + "…";
}

std::vector<std::string> wrap_text(std::string_view text, int width, int scale) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t space = text.find(' ');
    const std::string word(text.substr(0, space));
    text.remove_prefix(space == text.npos ? text.size() : space + 1);
    if (lines.empty() || text_width(lines.back() + ' ' + word, scale) > width)
      lines.push_back(word);
    else
      lines.back() += ' ' + word;
  }
  return lines;
}

}  // namespace fovea
