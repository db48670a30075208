// A few drawn digits, and untrained networks for them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "apps/networks/model.h"
#include "core/random.h"
#include "data/drawing/canvas.h"
#include "data/synthetic.h"

namespace fovea::testing {

/// 10 training and 40 test images of 28 x 28.
inline const DataSplit& digits() {
  static const DataSplit data = synthetic_digits({.train = 10, .test = 40});
  return data;
}

/// --model NAME, freshly initialised; statistics other than grey digits' are 0.5 and 0.25.
inline Model untrained(const std::string& name, const Shape& shape = {1, 28, 28},
                       std::vector<std::string> class_names = digits().test.class_names) {
  ModelInfo info = describe_model(name, shape, std::move(class_names));
  info.mean.resize(static_cast<std::size_t>(shape[0]), 0.5f);
  info.stddev.resize(static_cast<std::size_t>(shape[0]), 0.25f);
  return make_model(std::move(info), 1);
}

/// A pen drawing on paper, far from the middle of 640 x 480 pixels: 1, 4 or 7.
inline Image photo(int digit, bool dark_paper) {
  const Colour paper = dark_paper ? Colour{20, 60, 45} : Colour{236, 228, 205};
  const Colour ink = dark_paper ? Colour{240, 240, 225} : Colour{25, 35, 120};
  Image image = make_canvas(640, 480, paper);
  const auto line = [&](std::vector<Point> points) {
    for (Point& p : points) p = {360 + p[0] * 180, 60 + p[1] * 220};
    draw_polyline(image, points, 20, ink);
  };
  if (digit == 1) line({{0.5, 0}, {0.47, 1}});
  if (digit == 7) line({{0.1, 0.04}, {0.85, 0}, {0.45, 1}});
  if (digit == 4) line({{0.55, 0}, {0.1, 0.62}, {0.95, 0.6}}), line({{0.7, 0.35}, {0.68, 1}});
  Random random(5);
  for (std::uint8_t& value : image.pixels)  // grain
    value = static_cast<std::uint8_t>(std::clamp(value + random.normal(0, 4), 0.0, 255.0));
  return image;
}

}  // namespace fovea::testing
