// Pieces of HTML and SVG text.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "apps/shell/numbers.h"

namespace fovea {

/// `text` for use between tags and inside quoted attributes of HTML and XML: & < > " ' escaped;
/// control characters and malformed UTF-8, which XML forbids, become U+FFFD.
std::string escape_markup(std::string_view text);

/// RFC 4648 base64 with padding, on one line.
std::string base64(std::span<const std::uint8_t> bytes);

/// The opening tag of a picture of `width` x `height` CSS pixels that shrinks with the page, its
/// style sheet for light, dark and paper, its background and title. Close it with "</svg>\n".
/// Classes: t (text), m (muted text), h (heading), g (grid line), a (axis), c (empty cell).
std::string open_svg(int width, int height, std::string_view title);

/// One `text` element; `attributes` as they stand: R"(class="m" text-anchor="end")".
std::string svg_text(double x, double y, std::string_view attributes, std::string_view text);

/// Rough width in pixels of `text` in the sans-serif face at `size` pixels, rather too much.
double estimated_width(std::string_view text, double size = 12);

}  // namespace fovea
