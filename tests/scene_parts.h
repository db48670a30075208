// What scenes are put together from: pages, desks, boxes, light.
#pragma once

#include <cstdint>

#include "tests/scenes.h"
#include "tests/sheet.h"

namespace fovea::testing {

constexpr int side = 300;

// Where the digit is on a page, and in what.
struct Place {
  int left, top, size;
  double paper, ink;
};

inline Place place(Random& r, int smallest = 110, int largest = 200) {
  const int size = static_cast<int>(r.uniform(smallest, largest));
  return {static_cast<int>(r.uniform(20, side - size - 20)),
          static_cast<int>(r.uniform(20, side - size - 20)), size, r.uniform(222, 252),
          r.uniform(15, 75)};
}

inline Sheet page(const Image& digit, const Place& p) {
  return Sheet(side, side, p.paper).write(digit, p.left, p.top, p.size, p.ink);
}

inline Sheet page(const Image& digit, Random& r) {
  return page(digit, place(r));
}

inline Sheet tiny(const Image& digit) {
  return Sheet(28, 28, 255).write(digit, 0, 0, 28, 0);
}

inline Sheet framed(Sheet s, double width, double ink) {
  return s.each([&](int x, int y, float v) {
    const int off = std::min({x, y, s.width - 1 - x, s.height - 1 - y});
    return off < width ? static_cast<float>(ink) : v;
  });
}

// On something larger; `turn` in radians.
inline Sheet on_desk(const Sheet& sheet, int margin, double turn, double desk, double grain,
                     Random& r) {
  Sheet out(side + 2 * margin, side + 2 * margin, desk);
  const double phase = r.uniform(0, 6), c = std::cos(turn), s = std::sin(turn);
  const double middle = out.width / 2.0;
  return out.each([&](int x, int y, float v) {
    const double u = (x - middle) * c + (y - middle) * s + side / 2.0;
    const double w = (y - middle) * c - (x - middle) * s + side / 2.0;
    if (u >= 0 && w >= 0 && u < side && w < side)
      return sheet
          .level[static_cast<std::size_t>(static_cast<int>(w) * side + static_cast<int>(u))];
    return v + static_cast<float>(grain * std::sin(y * 0.15 + 2 * std::sin(x * 0.01) + phase));
  });
}

inline Sheet scanned(Sheet s, int sides, Random& r) {
  const double depth[] = {r.uniform(3, 15), r.uniform(3, 15), r.uniform(3, 15)};
  return s.each([&](int x, int y, float v) {
    const bool dark =
        x < depth[0] || (sides > 1 && y < depth[1]) || (sides > 2 && s.width - x < depth[2]);
    return dark ? 25.0f : v;
  });
}

// The box of the digit's ink on the page.
struct Box {
  double left, top, right, bottom;
};

inline Box ink_box(const Image& digit, const Place& p) {
  Box b{28, 28, 0, 0};
  for (int i = 0; i < 784; ++i)
    if (digit.pixels[static_cast<std::size_t>(i)] > 100) {
      b.left = std::min<double>(b.left, i % 28), b.right = std::max<double>(b.right, i % 28 + 1);
      b.top = std::min<double>(b.top, i / 28), b.bottom = std::max<double>(b.bottom, i / 28 + 1);
    }
  const double scale = p.size / 28.0;
  return {p.left + b.left * scale, p.top + b.top * scale, p.left + b.right * scale,
          p.top + b.bottom * scale};
}

inline Sheet cropped(Sheet s, const Box& b, int margin) {
  const int left = static_cast<int>(b.left) - margin, top = static_cast<int>(b.top) - margin;
  Sheet out(static_cast<int>(b.right) + margin - left, static_cast<int>(b.bottom) + margin - top,
            0);
  return out.each([&](int x, int y, float) { return s.at(left + x, top + y); });
}

// A box drawn `gap` pixels (less than nothing: across its ink) from the digit.
inline Sheet boxed(const Image& digit, double gap, double thickness, double ink, Random& r) {
  const Place p = place(r);
  const Box b = ink_box(digit, p);
  return page(digit, p).box(b.left - gap, b.top - gap, b.right + gap, b.bottom + gap, thickness,
                            ink < 0 ? p.ink : ink);
}

// A cell of a form: the row goes on to both sides; one edge is nearly or quite touched.
inline Sheet cell(const Image& digit, Random& r) {
  const Place p = place(r);
  const Box b = ink_box(digit, p);
  const double thickness = r.uniform(1.5, 4), ink = r.uniform(40, 140);
  const double near = r.uniform(-4, 6);
  Sheet s = page(digit, p);
  s.line(0, b.top - 20, side, b.top - 20, thickness, ink);
  s.line(0, b.bottom + near, side, b.bottom + near, thickness, ink);
  s.line(b.left - 22, b.top - 20, b.left - 22, b.bottom + near, thickness, ink);
  return s.line(b.right + 18, b.top - 20, b.right + 18, b.bottom + near, thickness, ink);
}

inline Sheet scraps(Digits digits, std::size_t which, int count, Random& r) {
  Sheet s(64, 64, 0);
  const auto add = [&](const Image& d, int x0, int y0, int edge, int left, int top) {
    for (int y = 0; y < edge; ++y)
      for (int x = 0; x < edge; ++x)
        s.at(left + x, top + y) =
            std::max(s.at(left + x, top + y),
                     float(d.pixels[static_cast<std::size_t>((y0 + y) * 28 + x0 + x)]));
  };
  add(digits[which], 0, 0, 28, static_cast<int>(r.below(37)), static_cast<int>(r.below(37)));
  for (int n = 0; n < count; ++n)
    add(digits[r.below(static_cast<std::uint32_t>(digits.size()))],
        6 + static_cast<int>(r.below(10)), 6 + static_cast<int>(r.below(10)), 6,
        static_cast<int>(r.below(58)), static_cast<int>(r.below(58)));
  return s;
}

// Darker beyond a straight edge of random direction, which may cross the digit.
inline Sheet shadowed(Sheet s, double factor, double softness, Random& r) {
  const double angle = r.uniform(0, 6.283), c = std::cos(angle), k = std::sin(angle);
  const double offset = r.uniform(-60, 60);
  return s.each([&](int x, int y, float v) {
    const double off = (x - s.width / 2.0) * c + (y - s.height / 2.0) * k - offset;
    const double a = std::clamp(off / softness + 0.5, 0.0, 1.0);
    return v * (1 - a * (1 - factor));
  });
}

inline Sheet lit(Sheet s, double strength, bool spot, Random& r) {
  const double angle = r.uniform(0, 6.283), c = std::cos(angle), k = std::sin(angle);
  const double x0 = r.uniform(0.3, 0.7), y0 = r.uniform(0.3, 0.7);
  return s.each([&](int x, int y, float v) {
    const double u = double{x + 0.5} / s.width, w = double{y + 0.5} / s.height;
    const double far = spot ? 1.6 * ((u - x0) * (u - x0) + (w - y0) * (w - y0))
                            : 0.5 + 0.7 * ((u - 0.5) * c + (w - 0.5) * k);
    return v * (1 - strength * std::clamp(far, 0.0, 1.0));
  });
}

inline Sheet chalk(const Image& digit, Random& r) {
  Place p = place(r);
  p.paper = r.uniform(20, 70), p.ink = r.uniform(190, 245);
  return page(digit, p);
}

inline Sheet blots(Sheet s, int count, double radius, double ink, Random& r) {
  for (int n = 0; n < count; ++n) {
    const double edge = r.uniform(0.3, 1) * radius;
    const bool upright = r.uniform() < 0.5;  // along the edges of the page
    const double along = r.uniform(0, side), off = r.uniform() < 0.5 ? edge : side - edge;
    const double x = upright ? off : along, y = upright ? along : off;
    s.line(x, y, x, y, 2 * edge, ink);
  }
  return s;
}

inline Sheet row(Digits digits, std::size_t which, int columns, int rows, Random& r) {
  const int size = (side - 20) / columns;
  Sheet s(side, 20 + size * rows, r.uniform(222, 252));
  const double ink = r.uniform(15, 75);
  for (int n = 0; n < columns * rows; ++n)
    s.write(digits[(which + static_cast<std::size_t>(n)) % digits.size()], 10 + n % columns * size,
            10 + n / columns * size, size, ink);
  return s;
}

}  // namespace fovea::testing
