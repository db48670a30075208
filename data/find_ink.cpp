#include "data/find_ink.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"
#include "data/ground.h"

namespace fovea {

namespace {

// The threshold that separates two classes of values 0..255 best.
int otsu_threshold(const std::vector<float>& values) {
  std::array<double, 256> histogram = {};
  double total = 0;
  for (const float v : values) {
    ++histogram[static_cast<std::size_t>(std::min(v, 255.0f))];
    total += std::floor(std::min(v, 255.0f));
  }
  double below = 0, sum_below = 0, best = -1;
  int threshold = 0;
  const double count = static_cast<double>(values.size());
  for (int t = 0; t < 255; ++t) {
    below += histogram[static_cast<std::size_t>(t)];
    sum_below += t * histogram[static_cast<std::size_t>(t)];
    if (below == 0 || below == count) continue;
    const double gap = sum_below / below - (total - sum_below) / (count - below);
    const double spread = below * (count - below) * gap * gap;
    if (spread > best) best = spread, threshold = t + 1;
  }
  return threshold;
}

struct Component {
  std::vector<int> pixels;
  bool at_border = false;
};

// Groups of touching pixels (8 neighbours) above the threshold.
std::vector<Component> find_components(const std::vector<float>& values, float threshold, int width,
                                       int height) {
  std::vector<Component> components;
  std::vector<char> seen(values.size());
  for (std::size_t start = 0; start < values.size(); ++start) {
    if (seen[start] || values[start] < threshold) continue;
    Component& component = components.emplace_back();
    component.pixels.push_back(static_cast<int>(start));
    seen[start] = 1;
    for (std::size_t next = 0; next < component.pixels.size(); ++next) {
      const int x = component.pixels[next] % width, y = component.pixels[next] / width;
      component.at_border |= x == 0 || y == 0 || x == width - 1 || y == height - 1;
      for (int ny = std::max(0, y - 1); ny <= std::min(height - 1, y + 1); ++ny)
        for (int nx = std::max(0, x - 1); nx <= std::min(width - 1, x + 1); ++nx) {
          const std::size_t at = std::size_t(ny) * width + nx;
          if (seen[at] || values[at] < threshold) continue;
          seen[at] = 1;
          component.pixels.push_back(static_cast<int>(at));
        }
    }
  }
  return components;
}

// Moves the components of the digit to the front and returns how many they are.
std::size_t select_digit(std::vector<Component>& components) {
  std::size_t largest = 0, largest_inside = 0;
  for (const Component& c : components) {
    largest = std::max(largest, c.pixels.size());
    if (!c.at_border) largest_inside = std::max(largest_inside, c.pixels.size());
  }
  // Shadows and table edges come in from the border; a digit rarely does.
  const bool inside_only = largest_inside * 10 >= largest;
  const std::size_t smallest = (inside_only ? largest_inside : largest) / 50;
  const auto end =
      std::stable_partition(components.begin(), components.end(), [&](const Component& c) {
        return c.pixels.size() >= smallest && !(inside_only && c.at_border);
      });
  return static_cast<std::size_t>(end - components.begin());
}

// Sets everything within two pixels of the component to paper.
void wipe(const Component& component, int width, int height, std::vector<float>& values) {
  for (const int at : component.pixels)
    for (int y = std::max(0, at / width - 2); y <= std::min(height - 1, at / width + 2); ++y)
      for (int x = std::max(0, at % width - 2); x <= std::min(width - 1, at % width + 2); ++x)
        values[std::size_t(y) * width + x] = 0;
}

// Sets what enters from the border, lighter or darker than the sheet, to paper.
void wipe_surroundings(int width, int height, double tolerance, std::vector<float>& values) {
  std::vector<float> off = values;
  for (float& v : off) v = std::abs(v);
  for (const Component& c : find_components(off, static_cast<float>(tolerance), width, height))
    if (c.at_border) wipe(c, width, height, values);
}

// How many digits there are: components at least half as high as the highest, beside or below one
// another with nothing shared between their columns or rows.
int count_digits(std::span<const Component> parts, int width) {
  struct Box {
    int left, top, right, bottom;
  };
  std::vector<Box> boxes;
  int highest = 0;
  for (const Component& c : parts) {
    Box b{c.pixels[0] % width, c.pixels[0] / width, 0, 0};
    for (const int at : c.pixels) {
      b.left = std::min(b.left, at % width), b.right = std::max(b.right, at % width + 1);
      b.top = std::min(b.top, at / width), b.bottom = std::max(b.bottom, at / width + 1);
    }
    highest = std::max(highest, b.bottom - b.top);
    boxes.push_back(b);
  }
  std::vector<Box> digits;
  for (const Box& b : boxes) {
    if (2 * (b.bottom - b.top) < highest) continue;
    const bool apart = std::all_of(digits.begin(), digits.end(), [&](const Box& d) {
      return b.left >= d.right || d.left >= b.right || b.top >= d.bottom || d.top >= b.bottom;
    });
    if (apart) digits.push_back(b);
  }
  return std::max(1, static_cast<int>(digits.size()));
}

// The box of the components, wider by a pixel where the ink's soft edge continues.
void set_box(std::span<const Component> digit, int width, int height, Ink& ink) {
  ink.left = width, ink.top = height, ink.right = ink.bottom = 0;
  for (const Component& component : digit)
    for (const int at : component.pixels) {
      ink.left = std::min(ink.left, at % width), ink.right = std::max(ink.right, at % width + 1);
      ink.top = std::min(ink.top, at / width), ink.bottom = std::max(ink.bottom, at / width + 1);
    }
  const auto inked = [&](int x0, int y0, int x1, int y1) {
    for (int y = std::max(0, y0); y < std::min(height, y1); ++y)
      for (int x = std::max(0, x0); x < std::min(width, x1); ++x)
        if (ink.strength[std::size_t(y) * width + x] > 0.15f) return 1;
    return 0;
  };
  const int left = inked(ink.left - 1, ink.top, ink.left, ink.bottom);
  const int right = inked(ink.right, ink.top, ink.right + 1, ink.bottom);
  const int above = inked(ink.left, ink.top - 1, ink.right, ink.top);
  const int below = inked(ink.left, ink.bottom, ink.right, ink.bottom + 1);
  ink.left -= left, ink.right += right, ink.top -= above, ink.bottom += below;
}

}  // namespace

Ink find_ink(const Image& grey) {
  require(grey.channels == 1, "find_ink: ", grey.channels, " channels where 1 is expected");
  bool surrounded = false;
  const Ground ground = find_ground(grey, surrounded);
  Ink ink;
  std::vector<float>& values = ink.strength;
  values.resize(grey.pixels.size());
  double balance = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const int x = static_cast<int>(i) % grey.width, y = static_cast<int>(i) / grey.width;
    values[i] = static_cast<float>(off_ground(grey, x, y, ground));
  }
  if (surrounded)
    wipe_surroundings(grey.width, grey.height, std::max(20.0, 4 * ground.noise), values);
  for (std::size_t i = 0; i < values.size(); ++i) {
    balance += double{values[i]} * values[i] * values[i];  // noise cancels out
  }
  ink.dark_on_light = balance < 0;
  for (float& v : values) v = std::max(0.0f, ink.dark_on_light ? -v : v);

  const std::size_t top_count =
      std::min(values.size(), std::max<std::size_t>(4, values.size() / 1000));
  std::vector<float> sorted = values;
  const auto top = sorted.end() - static_cast<std::ptrdiff_t>(top_count);
  std::nth_element(sorted.begin(), top, sorted.end());
  double peak = 0;
  for (auto it = top; it != sorted.end(); ++it) peak += *it / static_cast<double>(top_count);
  const double noise = ground.noise;
  if (peak < std::max(24.0, 4.5 * noise)) return ink;
  const double threshold =
      std::max(std::clamp<double>(otsu_threshold(values), 0.3 * peak, 0.7 * peak), 3.5 * noise);

  std::vector<Component> components =
      find_components(values, static_cast<float>(threshold), grey.width, grey.height);
  const std::size_t kept = select_digit(components);
  std::vector<float> levels;
  for (std::size_t i = 0; i < kept; ++i)
    for (const int at : components[i].pixels)
      levels.push_back(values[static_cast<std::size_t>(at)]);
  if (levels.size() < std::max<std::size_t>(3, values.size() / 5000)) return ink;
  ink.found = true;
  for (std::size_t i = kept; i < components.size(); ++i) {
    // Crumbs along the edges of noisy strokes are too small to matter.
    if (components[i].pixels.size() < levels.size() / 500) continue;
    ++ink.ignored;
    wipe(components[i], grey.width, grey.height, values);
  }

  std::nth_element(levels.begin(), levels.begin() + std::ptrdiff_t(levels.size() / 2),
                   levels.end());
  const float high = levels[levels.size() / 2];
  const float low = static_cast<float>(std::min(0.5 * threshold, 3 * noise));
  for (float& v : values) v = std::clamp((v - low) / (high - low), 0.0f, 1.0f);
  const auto digit = std::span(components).first(kept);
  ink.digits = count_digits(digit, grey.width);
  for (const Component& c : digit)
    ink.cut_off |= c.at_border && c.pixels.size() * 4 > levels.size();
  set_box(digit, grey.width, grey.height, ink);
  return ink;
}

}  // namespace fovea
