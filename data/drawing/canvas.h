// Drawing on RGB images: rectangles, anti-aliased lines, enlarged pictures and text.
// Coordinates are in pixels, (0, 0) is the top left corner of the top left pixel, so that the
// centre of pixel (x, y) lies at (x + 0.5, y + 0.5). Whatever falls outside is clipped.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/image.h"

namespace fovea {

struct Colour {
  std::uint8_t r = 0, g = 0, b = 0;
  bool operator==(const Colour&) const = default;
};

using Point = std::array<double, 2>;  ///< x, y

inline constexpr int canvas_extent = 16384;  ///< the longest side that is drawn

/// A new image of `width` x `height` RGB pixels, all of them `fill`.
/// Throws Error unless both extents are in [1, canvas_extent].
Image make_canvas(int width, int height, Colour fill);

/// The colour of pixel (x, y) of a grey or RGB image; the pixel must exist.
Colour pixel_at(const Image& image, int x, int y);

/// Paints `colour` over pixel (x, y) with `opacity` in [0, 1]; outside the canvas, nothing.
void blend_pixel(Image& canvas, int x, int y, Colour colour, double opacity);

/// Fills the pixels x..x+width-1, y..y+height-1; an empty rectangle fills none.
void fill_rectangle(Image& canvas, int x, int y, int width, int height, Colour colour);

/// A frame of `thickness` pixels just inside the given rectangle.
void draw_frame(Image& canvas, int x, int y, int width, int height, int thickness, Colour colour);

/// A filled disc with an anti-aliased edge. One that is not finite is left out.
void fill_disc(Image& canvas, Point centre, double radius, Colour colour);

/// Anti-aliased line through `points` with round caps and joints, back to the first one when
/// `closed`. Segments with an end that is not finite are left out; `width` is in pixels.
void draw_polyline(Image& canvas, std::span<const Point> points, double width, Colour colour,
                   bool closed = false);

/// Anti-aliased straight line.
void draw_line(Image& canvas, Point from, Point to, double width, Colour colour);

enum class Scaling { nearest, smooth };  // smooth: bilinear between pixel centres

/// Draws a grey or RGB picture, every pixel enlarged to `scale` x `scale`, with its top left corner
/// at (x, y). Throws Error for other channel counts or scale < 1.
void draw_picture(Image& canvas, const Image& picture, int x, int y, int scale,
                  Scaling scaling = Scaling::nearest);

/// Draws one line of UTF-8 text in the built-in font (data/drawing/font.h) with its top left corner
/// at (x, y); even scales smooth diagonal strokes. Throws Error for scale < 1.
void draw_text(Image& canvas, int x, int y, std::string_view text, Colour colour, int scale = 1);

/// Extent in pixels of what draw_text draws.
int text_width(std::string_view text, int scale = 1);
int text_height(int scale = 1);

/// Lines of at most `width` pixels, broken at spaces; a longer word has a line of its own.
std::vector<std::string> wrap_text(std::string_view text, int width, int scale = 1);

/// `text` if it fits into `width` pixels, else its beginning and an ellipsis.
std::string fit_text(std::string_view text, int width, int scale = 1);

}  // namespace fovea
