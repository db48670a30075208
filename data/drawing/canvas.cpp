#include "data/drawing/canvas.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/error.h"

namespace fovea {
namespace {

struct Box {
  int left, top, right, bottom;  // right and bottom are one past the end
  bool empty() const { return left >= right || top >= bottom; }
};

/// Clips in floating point before converting, since an int cannot hold every double.
Box pixels_within(const Image& canvas, double left, double top, double right, double bottom) {
  const double w = canvas.width, h = canvas.height;
  return {static_cast<int>(std::floor(std::clamp(left, 0.0, w))),
          static_cast<int>(std::floor(std::clamp(top, 0.0, h))),
          static_cast<int>(std::ceil(std::clamp(right, 0.0, w))),
          static_cast<int>(std::ceil(std::clamp(bottom, 0.0, h)))};
}

bool finite(Point p) {
  return std::isfinite(p[0]) && std::isfinite(p[1]);
}

/// Keeps squares of coordinates finite; nothing that far away can be told apart anyway.
Point bounded(Point p) {
  constexpr double limit = 1e6;
  return {std::clamp(p[0], -limit, limit), std::clamp(p[1], -limit, limit)};
}

double distance_to_segment(Point p, Point a, Point b) {
  const double dx = b[0] - a[0], dy = b[1] - a[1];
  const double length2 = dx * dx + dy * dy;
  const double along = (p[0] - a[0]) * dx + (p[1] - a[1]) * dy;
  const double t = length2 > 0 ? std::clamp(along / length2, 0.0, 1.0) : 0.0;
  return std::hypot(p[0] - a[0] - t * dx, p[1] - a[1] - t * dy);
}

/// How far from its middle a line can touch a pixel's centre.
double reach_of(double width) {
  return width / 2 + 1;
}

/// Share of a pixel that lies within `radius` when its centre is `distance` away; a line thinner
/// than a pixel is fainter instead.
double coverage(double distance, double radius) {
  const double thin = std::min(1.0, 2 * radius);
  return thin * std::clamp(std::max(radius, 0.5) + 0.5 - distance, 0.0, 1.0);
}

/// Coverage of everything drawn so far, so that overlapping segments are not painted twice.
class Mask {
 public:
  explicit Mask(Box box) : box_(box) {
    opacity_.resize(static_cast<std::size_t>(box.right - box.left) * (box.bottom - box.top));
  }

  float& at(int x, int y) {
    return opacity_[static_cast<std::size_t>(y - box_.top) * (box_.right - box_.left) +
                    (x - box_.left)];
  }

  void add_segment(const Image& canvas, Point a, Point b, double width) {
    const double reach = reach_of(width);
    const Box box =
        pixels_within(canvas, std::min(a[0], b[0]) - reach, std::min(a[1], b[1]) - reach,
                      std::max(a[0], b[0]) + reach, std::max(a[1], b[1]) + reach);
    for (int y = box.top; y < box.bottom; ++y)
      for (int x = box.left; x < box.right; ++x) {
        const double d = distance_to_segment({x + 0.5, y + 0.5}, a, b);
        at(x, y) = std::max(at(x, y), static_cast<float>(coverage(d, width / 2)));
      }
  }

  void paint(Image& canvas, Colour colour) {
    for (int y = box_.top; y < box_.bottom; ++y)
      for (int x = box_.left; x < box_.right; ++x)
        if (at(x, y) > 0) blend_pixel(canvas, x, y, colour, at(x, y));
  }

 private:
  Box box_;
  std::vector<float> opacity_;
};

Colour mix(Colour a, Colour b, double t) {
  const auto each = [t](int p, int q) {
    return static_cast<std::uint8_t>(std::lround(p + (q - p) * t));
  };
  return {each(a.r, b.r), each(a.g, b.g), each(a.b, b.b)};
}

/// Bilinear value at (u, v), where pixel centres have whole coordinates; the border continues.
Colour smooth_pixel(const Image& image, double u, double v) {
  u = std::clamp(u, 0.0, image.width - 1.0);
  v = std::clamp(v, 0.0, image.height - 1.0);
  const int u0 = static_cast<int>(u), v0 = static_cast<int>(v);
  const int u1 = std::min(u0 + 1, image.width - 1), v1 = std::min(v0 + 1, image.height - 1);
  return mix(mix(pixel_at(image, u0, v0), pixel_at(image, u1, v0), u - u0),
             mix(pixel_at(image, u0, v1), pixel_at(image, u1, v1), u - u0), v - v0);
}

}  // namespace

Image make_canvas(int width, int height, Colour fill) {
  require(width >= 1 && height >= 1 && width <= canvas_extent && height <= canvas_extent,
          "canvas: cannot draw a picture of ", width, " x ", height, " pixels (1 to ",
          canvas_extent, " each)");
  Image canvas{width, height, 3, {}};
  canvas.pixels.resize(static_cast<std::size_t>(width) * height * 3);
  fill_rectangle(canvas, 0, 0, width, height, fill);
  return canvas;
}

Colour pixel_at(const Image& image, int x, int y) {
  const std::size_t i = (static_cast<std::size_t>(y) * image.width + x) * image.channels;
  const std::uint8_t* p = &image.pixels[i];
  return image.channels == 1 ? Colour{p[0], p[0], p[0]} : Colour{p[0], p[1], p[2]};
}

void blend_pixel(Image& canvas, int x, int y, Colour colour, double opacity) {
  if (x < 0 || y < 0 || x >= canvas.width || y >= canvas.height) return;
  std::uint8_t* p = &canvas.pixels[(static_cast<std::size_t>(y) * canvas.width + x) * 3];
  const std::uint8_t ink[] = {colour.r, colour.g, colour.b};
  for (int c = 0; c < 3; ++c)
    p[c] = static_cast<std::uint8_t>(std::lround(p[c] + (ink[c] - p[c]) * opacity));
}

void fill_rectangle(Image& canvas, int x, int y, int width, int height, Colour colour) {
  const double left = x, top = y;  // x + width may not fit into an int
  const Box box = pixels_within(canvas, left, top, left + width, top + height);
  for (int row = box.top; row < box.bottom; ++row)
    for (int column = box.left; column < box.right; ++column)
      blend_pixel(canvas, column, row, colour, 1);
}

void draw_frame(Image& canvas, int x, int y, int width, int height, int thickness, Colour colour) {
  const int t = std::min({thickness, width, height});
  fill_rectangle(canvas, x, y, width, t, colour);
  fill_rectangle(canvas, x, y + height - t, width, t, colour);
  fill_rectangle(canvas, x, y, t, height, colour);
  fill_rectangle(canvas, x + width - t, y, t, height, colour);
}

void fill_disc(Image& canvas, Point centre, double radius, Colour colour) {
  draw_line(canvas, centre, centre, 2 * radius, colour);
}

void draw_line(Image& canvas, Point from, Point to, double width, Colour colour) {
  draw_polyline(canvas, std::array{from, to}, width, colour);
}

void draw_polyline(Image& canvas, std::span<const Point> points, double width, Colour colour,
                   bool closed) {
  if (!(width > 0) || width > canvas_extent) return;
  double left = canvas.width, top = canvas.height, right = 0, bottom = 0;
  for (const Point p : points) {
    if (!finite(p)) continue;
    left = std::min(left, p[0]), right = std::max(right, p[0]);
    top = std::min(top, p[1]), bottom = std::max(bottom, p[1]);
  }
  const double reach = reach_of(width);
  const Box box = pixels_within(canvas, left - reach, top - reach, right + reach, bottom + reach);
  if (box.empty()) return;
  Mask mask(box);
  const std::size_t n = points.size();
  for (std::size_t i = 0; i < n; ++i) {
    if (i + 1 == n && !closed) break;
    const Point a = points[i], b = points[(i + 1) % n];
    if (finite(a) && finite(b)) mask.add_segment(canvas, bounded(a), bounded(b), width);
  }
  mask.paint(canvas, colour);
}

void draw_picture(Image& canvas, const Image& picture, int x, int y, int scale, Scaling scaling) {
  require(picture.channels == 1 || picture.channels == 3, "canvas: a picture to draw has ",
          picture.channels, " channels instead of 1 or 3");
  require(scale >= 1 && scale <= canvas_extent, "canvas: cannot enlarge a picture ", scale,
          " times");
  for (int py = 0; py < picture.height * scale; ++py)
    for (int px = 0; px < picture.width * scale; ++px) {
      const Colour colour =
          scaling == Scaling::nearest
              ? pixel_at(picture, px / scale, py / scale)
              : smooth_pixel(picture, (px + 0.5) / scale - 0.5, (py + 0.5) / scale - 0.5);
      blend_pixel(canvas, x + px, y + py, colour, 1);
    }
}

}  // namespace fovea
