#include "data/image_style.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

namespace fovea {

namespace {

constexpr int bin = 16;
constexpr int most_images = 5000;

// Ink of one image: what differs from the ground by more than half of the strongest difference.
struct Drawing {
  bool blank = true;
  PixelBox box;
  double extent = 0, x = 0, y = 0;  // of the box: longer side and centre
  double mass_x = 0, mass_y = 0;
  std::vector<double> level;  // of the ink, a channel
};

template <class PixelAt>
Drawing look_at(int width, int height, const std::vector<int>& ground, PixelAt pixel) {
  const auto channels = static_cast<int>(ground.size());
  const auto off = [&](int x, int y) {
    int most = 0;
    for (int c = 0; c < channels; ++c)
      most = std::max(most, std::abs(pixel(c, x, y) - ground[static_cast<std::size_t>(c)]));
    return most;
  };
  int peak = 0;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) peak = std::max(peak, off(x, y));
  Drawing out;
  out.level.resize(ground.size());
  if (peak < 12) return out;
  int left = width, right = -1, top = height, bottom = -1;
  double mass = 0, cores = 0;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const int strength = off(x, y);
      if (2 * strength < peak) continue;
      left = std::min(left, x), right = std::max(right, x);
      top = std::min(top, y), bottom = std::max(bottom, y);
      mass += strength, out.mass_x += strength * (x + 0.5), out.mass_y += strength * (y + 0.5);
      if (10 * strength < 8 * peak) continue;
      ++cores;
      for (int c = 0; c < channels; ++c) out.level[static_cast<std::size_t>(c)] += pixel(c, x, y);
    }
  out.blank = false;
  out.box = {1.0 * left, 1.0 * top, right - left + 1.0, bottom - top + 1.0};
  out.extent = std::max(right - left, bottom - top) + 1;
  out.x = (left + right + 1) / 2.0, out.y = (top + bottom + 1) / 2.0;
  out.mass_x /= mass, out.mass_y /= mass;
  for (double& level : out.level) level /= cores;
  return out;
}

double spread(const std::vector<double>& values) {
  double sum = 0, squares = 0;
  for (const double v : values) sum += v, squares += v * v;
  const double n = static_cast<double>(values.size());
  return std::sqrt(std::max(0.0, squares / n - sum / n * sum / n));
}

// The value that `share` of all lie below.
double quantile(std::vector<double> values, double share) {
  const auto at =
      values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

// Of an image whose channels are side by side.
auto interleaved(const Image& image) {
  return [&image](int c, int x, int y) {
    return int{image.pixels[static_cast<std::size_t>((y * image.width + x) * image.channels + c)]};
  };
}

// The commonest level of a channel, and in `share` how many of its pixels have nearly that.
int common_level(const std::array<std::int64_t, 256>& histogram, double& share) {
  std::int64_t total = 0, best = -1;
  for (const std::int64_t count : histogram) total += count;
  int from = 0;
  for (int first = 0; first + bin <= 256; ++first) {
    std::int64_t sum = 0;
    for (int i = first; i < first + bin; ++i) sum += histogram[static_cast<std::size_t>(i)];
    if (sum > best) best = sum, from = first;
  }
  share = static_cast<double>(best) / static_cast<double>(std::max<std::int64_t>(1, total));
  const auto begin = histogram.begin() + from;
  return static_cast<int>(std::max_element(begin, begin + bin) - histogram.begin());
}

// Whether the box of the ink is a sheet rather: full to its corners, with something written on it.
bool is_sheet(const PixelBox& box, std::span<const char> inked, int width) {
  const int left = static_cast<int>(box.x), right = left + static_cast<int>(box.width) - 1;
  const int top = static_cast<int>(box.y), bottom = top + static_cast<int>(box.height) - 1;
  const auto at = [&](int x, int y) { return inked[static_cast<std::size_t>(y * width + x)]; };
  if (!at(left, top) || !at(right, top) || !at(left, bottom) || !at(right, bottom)) return false;
  const auto full = std::count(inked.begin(), inked.end(), 1);
  const double share = static_cast<double>(full) / (box.width * box.height);
  return 2 * std::min(box.width, box.height) > std::max(box.width, box.height) && share > 0.5 &&
         share < 0.98;
}

}  // namespace

ImageStyle measure_style(const Dataset& dataset) {
  const int channels = dataset.image_shape[0];
  const int height = dataset.image_shape[1], width = dataset.image_shape[2];
  ImageStyle style;
  style.width = width, style.height = height;
  style.ground.clear(), style.ink.clear();
  const int count = std::min(dataset.size(), most_images);
  const std::size_t plane = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  const auto image_at = [&](int i) {  // spread over a set that is sorted by class
    return dataset.image(static_cast<int>(std::int64_t{i} * dataset.size() / count));
  };
  for (int c = 0; c < channels; ++c) {
    std::array<std::int64_t, 256> histogram = {};
    for (int i = 0; i < count; ++i)
      for (const std::uint8_t v : image_at(i).subspan(static_cast<std::size_t>(c) * plane, plane))
        ++histogram[v];
    double share = 0;
    style.ground.push_back(common_level(histogram, share));
    style.drawing &= share >= 0.35;
  }
  std::vector<double> extent, x, y, mass_x, mass_y;
  std::vector<std::vector<double>> levels(static_cast<std::size_t>(channels));
  for (int i = 0; i < count; ++i) {
    const auto pixels = image_at(i);
    const Drawing seen = look_at(width, height, style.ground, [&](int c, int px, int py) {
      return int{
          pixels[static_cast<std::size_t>(c) * plane + static_cast<std::size_t>(py * width + px)]};
    });
    if (seen.blank) continue;
    extent.push_back(seen.extent), x.push_back(seen.x), y.push_back(seen.y);
    mass_x.push_back(seen.mass_x), mass_y.push_back(seen.mass_y);
    for (std::size_t c = 0; c < levels.size(); ++c) levels[c].push_back(seen.level[c]);
  }
  if (extent.empty()) style.drawing = false;
  for (std::size_t c = 0; c < levels.size(); ++c) {
    style.ink.push_back(style.drawing ? static_cast<int>(quantile(levels[c], 0.5) + 0.5) : 255);
    if (style.drawing && channels > 1 && spread(levels[c]) > 40) style.drawing = false;
  }
  int contrast = 0;
  for (std::size_t c = 0; c < levels.size(); ++c)
    contrast = std::max(contrast, std::abs(style.ink[c] - style.ground[c]));
  if (contrast < 12) style.drawing = false;
  if (!style.drawing) return style;
  style.extent = static_cast<float>(quantile(extent, 0.5));
  style.by_mass = spread(mass_x) + spread(mass_y) < spread(x) + spread(y);
  style.x = static_cast<float>(quantile(style.by_mass ? mass_x : x, 0.5));
  style.y = static_cast<float>(quantile(style.by_mass ? mass_y : y, 0.5));
  // A pixel of slack: images that were not looked at differ a little.
  style.least_extent = static_cast<float>(quantile(extent, 0.001) - 1);
  style.most_extent = static_cast<float>(quantile(extent, 0.999) + 1);
  style.left = static_cast<float>(quantile(x, 0.001) - 1);
  style.right = static_cast<float>(quantile(x, 0.999) + 1);
  style.top = static_cast<float>(quantile(y, 0.001) - 1);
  style.bottom = static_cast<float>(quantile(y, 0.999) + 1);
  return style;
}

bool fits(const ImageStyle& style, const Image& image) {
  const std::size_t channels = style.ground.size();
  if (image.width != style.width || image.height != style.height ||
      static_cast<std::size_t>(image.channels) != channels)
    return false;
  if (!style.drawing) return true;
  const auto pixel = interleaved(image);
  // Nearer to the ink than to the ground; and the ground itself has to be there.
  std::vector<char> inked;
  std::size_t exactly = 0;
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x) {
      int to_ground = 0, to_ink = 0;
      for (std::size_t c = 0; c < channels; ++c) {
        const int value = pixel(static_cast<int>(c), x, y);
        to_ground = std::max(to_ground, std::abs(value - style.ground[c]));
        to_ink = std::max(to_ink, std::abs(value - style.ink[c]));
      }
      inked.push_back(to_ground >= to_ink);
      exactly += to_ground <= bin;
    }
  if (exactly * 10 < inked.size()) return false;
  const Drawing seen = look_at(style.width, style.height, style.ground, pixel);
  if (seen.blank || is_sheet(seen.box, inked, image.width)) return false;
  // Ink as strong as theirs: half of it, or a faint scan would pass as it is.
  for (std::size_t c = 0; c < channels; ++c)
    if (2 * std::abs(seen.level[c] - style.ground[c]) < std::abs(style.ink[c] - style.ground[c]))
      return false;
  return seen.extent >= style.least_extent && seen.extent <= style.most_extent &&
         seen.x >= style.left && seen.x <= style.right && seen.y >= style.top &&
         seen.y <= style.bottom;
}

std::optional<PixelBox> ink_box(const ImageStyle& style, const Image& image) {
  const Drawing seen = look_at(image.width, image.height, style.ground, interleaved(image));
  return seen.blank ? std::nullopt : std::optional(seen.box);
}

}  // namespace fovea
