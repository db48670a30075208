#include "data/digits/find_ink.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "data/digits/components.h"
#include "data/digits/ground.h"
#include "data/digits/paper_lines.h"
#include "data/drawing/sheet.h"

namespace fovea {

namespace {

// Mean of the strongest thousandth.
double peak_of(const std::vector<float>& values) {
  const std::size_t count = std::min(values.size(), std::max<std::size_t>(4, values.size() / 1000));
  std::vector<float> sorted = values;
  const auto top = sorted.end() - static_cast<std::ptrdiff_t>(count);
  std::nth_element(sorted.begin(), top, sorted.end());
  double peak = 0;
  for (auto it = top; it != sorted.end(); ++it) peak += *it / static_cast<double>(count);
  return peak;
}

Mask above(const std::vector<float>& values, double threshold, int width, int height) {
  Mask mask{width, height, {}};
  mask.ink.reserve(values.size());
  for (const float v : values) mask.ink.push_back(v >= threshold);
  return mask;
}

// Desks, frames, scan edges and shadows run along the border; a digit touches it with a stroke.
bool runs_along_border(const Component& c, int width, int height) {
  int left = 0, right = 0, top = 0, bottom = 0;
  for (const int at : c.pixels) {
    left += at % width == 0, right += at % width == width - 1;
    top += at / width == 0, bottom += at / width == height - 1;
  }
  return 3 * std::max(left, right) > 2 * height || 3 * std::max(top, bottom) > 2 * width;
}

bool encloses(const Component& outer, const Component& inner) {
  return outer.left < inner.left && outer.top < inner.top && outer.right > inner.right &&
         outer.bottom > inner.bottom && 10 * inner.extent() >= 3 * outer.extent();
}

// Flat, and longer than what it runs along, on both sides.
bool underlines(const Component& line, const Component& mark) {
  const int width = line.right - line.left, height = line.bottom - line.top;
  const int more = std::max(1, mark.extent() / 12);
  return (width > 5 * height && line.left + more <= mark.left && line.right - more >= mark.right) ||
         (height > 5 * width && line.top + more <= mark.top && line.bottom - more >= mark.bottom);
}

// What is left of a box of which some sides are taken away: straight, as long as the mark or
// longer.
bool is_side_of_box(const Component& c, const Component& mark) {
  const int width = c.right - c.left, height = c.bottom - c.top;
  if (100 * c.area() < 85 * width * height) return false;
  return width > height ? width >= 2 * height && c.left <= mark.left && c.right >= mark.right
                        : height >= 2 * width && c.top <= mark.top && c.bottom >= mark.bottom;
}

// Moves the digit's components to the front, its largest first, then other marks of its size;
// returns how many each are.
std::pair<std::size_t, std::size_t> select_digit(std::vector<Component>& components, int width,
                                                 int height, int removed_lines) {
  const auto weight = [&](const Component& c) {
    double weight = c.area();
    if (c.at_border) weight *= runs_along_border(c, width, height) ? 0.02 : 0.4;
    for (const Component& other : components)
      if (encloses(c, other) && other.area() * 20 > c.area()) return 0.02 * weight;
    return weight;
  };
  std::vector<double> weights;
  for (const Component& c : components) weights.push_back(weight(c));
  const auto main = std::max_element(weights.begin(), weights.end()) - weights.begin();
  std::swap(components[0], components[static_cast<std::size_t>(main)]);
  std::swap(weights[0], weights[static_cast<std::size_t>(main)]);
  const Component digit = components[0];
  const double size = digit.extent();
  const auto belongs = [&](const Component& c) {
    const int apart = gap(c, digit);
    if (c.at_border && !digit.at_border) return false;
    if (encloses(c, digit) || underlines(c, digit)) return false;
    // A stroke of its own, or a crumb of a broken one.
    return c.extent() >= 0.3 * size ? apart <= 0.2 * size && c.area() * 12 >= digit.area()
                                    : apart <= 0.6 * digit.stroke() + 1;
  };
  const auto second = std::partition(components.begin() + 1, components.end(), belongs);
  const auto rest = std::partition(second, components.end(), [&](const Component& c) {
    return 2 * c.extent() >= size && !c.at_border && !encloses(c, digit) &&
           3 * c.area() >= digit.area() && !(removed_lines >= 2 && is_side_of_box(c, digit));
  });
  return {second - components.begin(), rest - second};
}

// How many digits there are among parts of one: those at least half as high as the highest, beside
// or below one another with nothing shared between their columns or rows, or far from one another.
int count_digits(std::span<const Component> parts) {
  int highest = 0;
  for (const Component& c : parts) highest = std::max(highest, c.bottom - c.top);
  std::vector<const Component*> digits;
  for (const Component& c : parts) {
    if (2 * (c.bottom - c.top) < highest) continue;
    const bool apart = std::all_of(digits.begin(), digits.end(), [&](const Component* d) {
      const int far = std::max(std::abs(c.left + c.right - d->left - d->right),
                               std::abs(c.top + c.bottom - d->top - d->bottom));
      return c.left >= d->right || d->left >= c.right || c.top >= d->bottom || d->top >= c.bottom ||
             2 * far > 3 * std::max(c.extent(), d->extent());
    });
    if (apart) digits.push_back(&c);
  }
  return std::max(1, static_cast<int>(digits.size()));
}

// Whether a stroke meets the border at its full strength; where one just touches it, it fades.
bool is_cut(const Component& c, int width, int height, const std::vector<float>& strength) {
  double cut = 0;
  for (const int at : c.pixels) {
    const int x = at % width, y = at / width;
    if (x == 0 || y == 0 || x == width - 1 || y == height - 1)
      cut += strength[static_cast<std::size_t>(at)] > 0.85f;
  }
  return cut > 0 && cut >= 0.5 * c.stroke();
}

// Keeps the ink within `reach` pixels of the digit and further from everything else.
void keep_near(std::span<const Component> digit, const Mask& marks, int reach,
               std::vector<float>& strength) {
  const int width = marks.width, height = marks.height;
  std::vector<char> keep(strength.size());
  for (const Component& c : digit)
    for (const int at : c.pixels) {
      const int x0 = at % width, y0 = at / width;
      for (int y = std::max(0, y0 - reach); y <= std::min(height - 1, y0 + reach); ++y)
        for (int x = std::max(0, x0 - reach); x <= std::min(width - 1, x0 + reach); ++x) {
          char& k = keep[static_cast<std::size_t>(y * width + x)];
          if (x == x0 && y == y0)
            k = 2;
          else if (k == 0)
            k = 1;
        }
    }
  for (std::size_t i = 0; i < strength.size(); ++i)
    if (keep[i] == 0 || (keep[i] == 1 && marks.ink[i])) strength[i] = 0;
}

// The box of the components, wider by a pixel where the ink's soft edge continues.
void set_box(std::span<const Component> digit, int width, int height, Ink& ink) {
  ink.left = width, ink.top = height, ink.right = ink.bottom = 0;
  for (const Component& c : digit) {
    ink.left = std::min(ink.left, c.left), ink.right = std::max(ink.right, c.right);
    ink.top = std::min(ink.top, c.top), ink.bottom = std::max(ink.bottom, c.bottom);
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
  const int width = grey.width, height = grey.height;
  Ink ink;
  const bool tiny = std::max(width, height) < tiny_side;
  const Sheet sheet = tiny ? Sheet{} : find_sheet(grey);
  ink.dark_on_light = sheet.found ? sheet.light : is_dark_on_light(grey);
  double noise = 0;
  std::vector<float>& values = ink.strength;
  values = off_paper(grey, ink.dark_on_light, noise);
  for (std::size_t i = 0; i < sheet.inside.size(); ++i)
    if (!sheet.inside[i]) values[i] = 0;
  const double peak = peak_of(values);
  if (peak < std::max(24.0, 4.5 * noise)) return ink;
  const double threshold =
      std::max(std::clamp<double>(otsu_threshold(values), 0.3 * peak, 0.7 * peak), 3.5 * noise);

  const Mask all = above(values, threshold, width, height);
  // Thin lines lie between pixels and are fainter than the ink.
  Mask mask = above(values, std::max(0.5 * threshold, 3.5 * noise), width, height);
  const RemovedLines lines = tiny ? RemovedLines{} : remove_lines(mask);
  ink.ignored = lines.count;
  ink.only_lines = lines.nothing_else;
  for (std::size_t i = 0; i < values.size(); ++i) mask.ink[i] &= all.ink[i];
  std::vector<Component> components = find_components(mask);
  if (components.empty()) return ink;
  const auto [parts, others] = select_digit(components, width, height, lines.count);
  const auto digit = std::span(components).first(parts);
  std::vector<float> levels;
  for (const Component& c : digit)
    for (const int at : c.pixels) levels.push_back(values[static_cast<std::size_t>(at)]);
  if (levels.size() < std::max<std::size_t>(3, values.size() / 5000)) return ink;
  ink.found = true;
  // Crumbs along the edges of noisy strokes are too small to count.
  for (const Component& c : std::span(components).subspan(parts))
    ink.ignored += c.pixels.size() * 500 >= levels.size();

  std::nth_element(levels.begin(), levels.begin() + std::ptrdiff_t(levels.size() / 2),
                   levels.end());
  const float high = levels[levels.size() / 2];
  const float low = static_cast<float>(std::min(0.5 * threshold, 3 * noise));
  for (float& v : values) v = std::clamp((v - low) / (high - low), 0.0f, 1.0f);
  keep_near(digit, all, std::max(2, static_cast<int>(digit[0].stroke() / 3)), values);
  ink.digits = count_digits(digit) + static_cast<int>(others);
  for (const Component& c : digit)
    ink.cut_off |= 4 * c.pixels.size() > levels.size() && is_cut(c, width, height, ink.strength);
  set_box(digit, width, height, ink);
  return ink;
}

}  // namespace fovea
