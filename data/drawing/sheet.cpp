#include "data/drawing/sheet.h"

#include <algorithm>
#include <cmath>

#include "data/digits/components.h"
#include "data/digits/ground.h"

namespace fovea {

namespace {

// The component and what it encloses.
Mask filled(const Component& c, int width, int height) {
  Mask around{width, height, std::vector<char>(static_cast<std::size_t>(width * height), 1)};
  for (const int at : c.pixels) around.ink[static_cast<std::size_t>(at)] = 0;
  Mask inside{width, height, std::vector<char>(around.ink.size(), 1)};
  for (const Component& part : find_components(around))
    if (part.at_border)
      for (const int at : part.pixels) inside.ink[static_cast<std::size_t>(at)] = 0;
  return inside;
}

// Its pixels beside those that are not of it.
std::vector<int> edge_of(const Mask& shape) {
  std::vector<int> edge;
  for (int y = 0; y < shape.height; ++y)
    for (int x = 0; x < shape.width; ++x)
      if (shape.at(x, y) &&
          !(shape.at(x - 1, y) && shape.at(x + 1, y) && shape.at(x, y - 1) && shape.at(x, y + 1)))
        edge.push_back(y * shape.width + x);
  return edge;
}

// Share of the smallest rectangle around it that it fills.
double rectangularity(const std::vector<int>& edge, int width, double area) {
  double smallest = 1e12;
  for (int degrees = 0; degrees < 90; degrees += 3) {
    const double c = std::cos(degrees * 0.0174533), s = std::sin(degrees * 0.0174533);
    double low[2] = {1e9, 1e9}, high[2] = {-1e9, -1e9};
    for (const int at : edge) {
      const int row = at / width;
      const double x = at % width, y = row;
      const double along[2] = {x * c + y * s, y * c - x * s};
      for (int i = 0; i < 2; ++i)
        low[i] = std::min(low[i], along[i]), high[i] = std::max(high[i], along[i]);
    }
    smallest = std::min(smallest, (high[0] - low[0] + 1) * (high[1] - low[1] + 1));
  }
  return area / smallest;
}

// Share of the edge at which levels change by most of `step` within two pixels.
double sharpness(const Image& grey, const std::vector<int>& edge, double step) {
  int sharp = 0;
  for (const int at : edge) {
    int low = 255, high = 0;
    const int x0 = at % grey.width, y0 = at / grey.width;
    for (int y = std::max(0, y0 - 2); y <= std::min(grey.height - 1, y0 + 2); ++y)
      for (int x = std::max(0, x0 - 2); x <= std::min(grey.width - 1, x0 + 2); ++x) {
        const int v = grey.pixels[static_cast<std::size_t>(y * grey.width + x)];
        low = std::min(low, v), high = std::max(high, v);
      }
    sharp += high - low >= 0.4 * step;
  }
  return sharp / std::max(1.0, static_cast<double>(edge.size()));
}

struct Found {
  double rectangularity = 0;
  bool light = false;
  Mask inside{0, 0, {}};
  std::vector<int> edge;
};

// The most rectangular of the sheets that the pixels from `threshold` on, or those below it, form,
// if it is more so than `best`.
void look(const Image& grey, int threshold, Found& best) {
  const int width = grey.width, height = grey.height;
  double sum[2] = {}, count[2] = {};
  for (const std::uint8_t v : grey.pixels) sum[v >= threshold] += v, ++count[v >= threshold];
  const double step = sum[1] / std::max(1.0, count[1]) - sum[0] / std::max(1.0, count[0]);
  for (const bool light : {true, false}) {
    Mask mask{width, height, {}};
    for (const std::uint8_t v : grey.pixels) mask.ink.push_back((v >= threshold) == light);
    for (const Component& c : find_components(mask)) {
      if (2 * (c.right - c.left) < width || 2 * (c.bottom - c.top) < height) continue;
      if (c.at_border * 3 > 2 * (width + height)) continue;
      Mask inside = filled(c, width, height);
      const double area = static_cast<double>(std::count(inside.ink.begin(), inside.ink.end(), 1));
      // Something is written on it, but it is no thick 0.
      if (c.area() > 0.998 * area || c.area() < 0.6 * area) continue;
      // Around it is something else, and not more paper between lines.
      if (2 * (count[light] - c.area()) > width * height - area) continue;
      std::vector<int> edge = edge_of(inside);
      const double shape = rectangularity(edge, width, area);
      if (shape < std::max(0.88, best.rectangularity) || sharpness(grey, edge, step) < 0.7)
        continue;
      best = {shape, light, std::move(inside), std::move(edge)};
    }
  }
}

// What lies within a frame of one level along all four sides, a quarter of the picture wide at
// most.
Sheet within_frame(const Image& grey) {
  const int width = grey.width, height = grey.height;
  const auto at = [&](int x, int y) {
    return grey.pixels[static_cast<std::size_t>(y * width + x)];
  };
  struct Box {
    int left, top, right, bottom;  // right and bottom are inside
    Box in(int by) const { return {left + by, top + by, right - by, bottom - by}; }
  };
  const auto ring = [&](const Box& b) {
    std::vector<std::uint8_t> levels;
    for (int x = b.left; x <= b.right; ++x)
      levels.push_back(at(x, b.top)), levels.push_back(at(x, b.bottom));
    for (int y = b.top; y <= b.bottom; ++y)
      levels.push_back(at(b.left, y)), levels.push_back(at(b.right, y));
    return levels;
  };
  const auto middle_of = [](std::vector<std::uint8_t> levels) {
    const auto middle = levels.begin() + static_cast<std::ptrdiff_t>(levels.size() / 2);
    std::nth_element(levels.begin(), middle, levels.end());
    return int{*middle};
  };
  const int level = middle_of(ring({0, 0, width - 1, height - 1}));
  const auto is_frame = [&](std::uint8_t v) { return std::abs(v - level) <= 24; };
  const auto row = [&](int y) {
    return std::all_of(&grey.pixels[static_cast<std::size_t>(y * width)],
                       &grey.pixels[static_cast<std::size_t>(y * width)] + width, is_frame);
  };
  const auto column = [&](int x) {
    for (int y = 0; y < height; ++y)
      if (!is_frame(at(x, y))) return false;
    return true;
  };
  Box b{0, 0, width - 1, height - 1};
  while (4 * b.top < height && row(b.top)) ++b.top;
  while (4 * (height - b.bottom) < height && row(b.bottom)) --b.bottom;
  while (4 * b.left < width && column(b.left)) ++b.left;
  while (4 * (width - b.right) < width && column(b.right)) --b.right;
  if (b.top == 0 || b.left == 0 || b.bottom == height - 1 || b.right == width - 1) return {};
  // Of a resampled frame the last pixel is of both.
  std::vector<std::uint8_t> inner;
  for (int y = b.top; y <= b.bottom; ++y)
    for (int x = b.left; x <= b.right; ++x) inner.push_back(at(x, y));
  const int ground = middle_of(std::move(inner));
  if (std::abs(middle_of(ring(b)) - ground) > 24) b = b.in(1);
  const auto levels = ring(b);
  const auto of_ground = std::count_if(levels.begin(), levels.end(),
                                       [&](std::uint8_t v) { return std::abs(v - ground) <= 24; });
  if (std::abs(ground - level) < 48 || 2 * static_cast<std::size_t>(of_ground) < levels.size())
    return {};
  // A block without anything on it is ink.
  bool blank = true;
  for (int y = b.top; y <= b.bottom; ++y)
    for (int x = b.left; x <= b.right; ++x) blank = blank && std::abs(at(x, y) - ground) <= 24;
  if (blank) return {};
  // Behind a box that is drawn on the paper is that paper again.
  for (int by = 1; 4 * by < std::min(b.right - b.left, b.bottom - b.top); ++by) {
    const auto behind = ring(b.in(by));
    if (10 * std::count_if(behind.begin(), behind.end(), is_frame) > 7 * std::ssize(behind))
      return {};
  }
  Sheet sheet{.found = true, .light = ground > level, .inside = {}};
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      sheet.inside.push_back(x >= b.left && x <= b.right && y >= b.top && y <= b.bottom);
  return sheet;
}

}  // namespace

Sheet find_sheet(const Image& grey) {
  if (Sheet framed = within_frame(grey); framed.found) return framed;
  constexpr int most = 160, levels = 12;
  const double shrink = std::max(1.0, 1.0 * std::max(grey.width, grey.height) / most);
  const Image small = resize(grey, std::max(1, static_cast<int>(grey.width / shrink)),
                             std::max(1, static_cast<int>(grey.height / shrink)));
  const auto [low, high] = std::minmax_element(small.pixels.begin(), small.pixels.end());
  Found best;
  // Shadows lie across sheets and desks: none of the levels need be the best one of all pixels.
  if (*high - *low >= 40)
    for (int i = 1; i < levels; ++i) look(small, *low + (*high - *low) * i / levels, best);
  Sheet sheet{.found = best.rectangularity > 0, .light = best.light, .inside = {}};
  if (!sheet.found) return sheet;
  for (const int at : best.edge)
    for (int y = at / small.width - 1; y <= at / small.width + 1; ++y)
      for (int x = at % small.width - 1; x <= at % small.width + 1; ++x)
        if (best.inside.at(x, y))
          best.inside.ink[static_cast<std::size_t>(y * small.width + x)] = 0;
  for (int y = 0; y < grey.height; ++y)
    for (int x = 0; x < grey.width; ++x)
      sheet.inside.push_back(
          best.inside.at(x * small.width / grey.width, y * small.height / grey.height));
  return sheet;
}

}  // namespace fovea
