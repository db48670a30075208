// A grey drawing in the making: levels 0..255 as float, what is drawn, and the light on it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "core/random.h"
#include "data/image.h"

namespace fovea::testing {

struct Sheet {
  int width, height;
  float paper;
  std::vector<float> level;

  Sheet(int w, int h, double ground)
      : width(w),
        height(h),
        paper(static_cast<float>(ground)),
        level(static_cast<std::size_t>(w * h), paper) {}

  float& at(int x, int y) { return level[static_cast<std::size_t>(y * width + x)]; }

  /// Calls f(x, y, level) for every pixel.
  template <class F>
  Sheet& each(F f) {
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x) at(x, y) = static_cast<float>(f(x, y, at(x, y)));
    return *this;
  }

  /// The digit (28 x 28, light is ink) `size` pixels wide, its top left corner at (left, top).
  Sheet& write(const Image& digit, int left, int top, int size, double ink) {
    const Image large = resize(digit, size, size);
    return each([&](int x, int y, float v) {
      if (x < left || y < top || x >= left + size || y >= top + size) return v;
      const float a = large.pixels[static_cast<std::size_t>((y - top) * size + x - left)] / 255.0f;
      return v + a * (static_cast<float>(ink) - v);
    });
  }

  /// A straight line with soft edges; where it meets ink, the stronger of both shows.
  Sheet& line(double x0, double y0, double x1, double y1, double thickness, double ink) {
    const double dx = x1 - x0, dy = y1 - y0, length = std::max(1e-9, std::hypot(dx, dy));
    const int reach = static_cast<int>(thickness) + 2;
    const auto low = [&](double a, double b) {
      return std::max(0, static_cast<int>(std::max(-1e6, std::min(a, b))) - reach);
    };
    const auto high = [&](double a, double b, int side) {
      return std::min(side, static_cast<int>(std::min(1e6, std::max(a, b))) + reach + 1);
    };
    for (int y = low(y0, y1); y < high(y0, y1, height); ++y)
      for (int x = low(x0, x1); x < high(x0, x1, width); ++x) {
        const double along = std::clamp(((x - x0) * dx + (y - y0) * dy) / length, 0.0, length);
        const double off = std::hypot(x - x0 - along * dx / length, y - y0 - along * dy / length);
        const double a = std::clamp(thickness / 2 - off + 0.5, 0.0, 1.0);
        const float v = paper + static_cast<float>(a * (ink - double{paper}));
        if (std::abs(v - paper) > std::abs(at(x, y) - paper)) at(x, y) = v;
      }
    return *this;
  }

  Sheet& box(double left, double top, double right, double bottom, double thickness, double ink) {
    line(left, top, right, top, thickness, ink), line(left, bottom, right, bottom, thickness, ink);
    return line(left, top, left, bottom, thickness, ink)
        .line(right, top, right, bottom, thickness, ink);
  }

  /// Lines all over, `gap` apart, that fall by `slope`; upright ones, too, for squared paper.
  Sheet& rule(double gap, double slope, double thickness, double ink, bool squared) {
    for (double at = -std::abs(slope) * width + gap / 2; at < height * (1 + std::abs(slope));
         at += gap)
      line(0, at, width, at + slope * width, thickness, ink);
    for (double at = -std::abs(slope) * height + gap / 2;
         squared && at < width * (1 + std::abs(slope)); at += gap)
      line(at, 0, at - slope * height, height, thickness, ink);
    return *this;
  }

  Sheet& noise(double deviation, Random& random) {
    return each([&](int, int, float v) { return v + random.normal(0, deviation); });
  }

  Image image() const {
    Image out{width, height, 1, {}};
    for (const float v : level)
      out.pixels.push_back(static_cast<std::uint8_t>(std::clamp(v, 0.0f, 255.0f) + 0.5f));
    return out;
  }
};

}  // namespace fovea::testing
