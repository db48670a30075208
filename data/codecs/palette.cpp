#include "data/codecs/palette.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"

namespace fovea {
namespace {

using Channels = std::array<int, 3>;

struct Entry {
  Channels value;
  double count;
};

std::uint32_t pack(Colour c) {
  return c.r << 16 | c.g << 8 | c.b;
}

std::vector<Entry> count_colours(std::span<const Image> pictures) {
  std::unordered_map<std::uint32_t, double> counts;
  for (const Image& picture : pictures) {
    require(picture.channels == 1 || picture.channels == 3, "palette: a picture has ",
            picture.channels, " channels instead of 1 or 3");
    for (int y = 0; y < picture.height; ++y)
      for (int x = 0; x < picture.width; ++x) ++counts[pack(pixel_at(picture, x, y))];
  }
  std::vector<Entry> entries;
  for (const auto& [rgb, count] : counts)
    entries.push_back({{static_cast<int>(rgb >> 16), static_cast<int>(rgb >> 8 & 255),
                        static_cast<int>(rgb & 255)},
                       count});
  // The order of a hash table is nobody's business: the same pictures give the same file.
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.value < b.value; });
  return entries;
}

/// A group of colours that will share one, with the axis along which they differ most.
struct Group {
  std::span<Entry> entries;
  int axis = 0;
  double error = 0;  // weighted sum of squared deviations along the axis
  std::array<double, 3> mean = {};
};

Group measure(std::span<Entry> entries) {
  Group group{entries};
  double total = 0;
  for (const Entry& e : entries) {
    total += e.count;
    for (int c = 0; c < 3; ++c) group.mean[c] += e.count * e.value[c];
  }
  for (double& m : group.mean) m /= total;
  for (int c = 0; c < 3; ++c) {
    double error = 0;
    for (const Entry& e : entries) error += e.count * std::pow(e.value[c] - group.mean[c], 2);
    if (error > group.error) group.error = error, group.axis = c;
  }
  return group;
}

Colour representative(const Group& group) {
  double total = 0;
  const Entry* top = &group.entries[0];
  for (const Entry& e : group.entries) {
    total += e.count;
    if (e.count > top->count) top = &e;
  }
  Channels value = top->value;
  if (top->count < total / 2)
    for (int c = 0; c < 3; ++c) value[c] = static_cast<int>(std::lround(group.mean[c]));
  return {static_cast<std::uint8_t>(value[0]), static_cast<std::uint8_t>(value[1]),
          static_cast<std::uint8_t>(value[2])};
}

}  // namespace

Palette::Palette(std::span<const Image> pictures, int max_colours) {
  require(max_colours >= 1 && max_colours <= 256, "palette: ", max_colours,
          " colours asked for (1 to 256)");
  std::vector<Entry> entries = count_colours(pictures);
  require(!entries.empty(), "palette: no pixels to choose colours from");
  std::vector<Group> groups = {measure(entries)};
  while (groups.size() < static_cast<std::size_t>(max_colours)) {
    const auto worst =
        std::max_element(groups.begin(), groups.end(),
                         [](const Group& a, const Group& b) { return a.error < b.error; });
    if (worst->error == 0) break;  // one colour a group
    const int axis = worst->axis;
    const double mean = worst->mean[axis];
    const std::span<Entry> all = worst->entries;
    const auto middle = std::partition(all.begin(), all.end(),
                                       [&](const Entry& e) { return e.value[axis] <= mean; });
    const std::size_t below = middle - all.begin();
    *worst = measure(all.first(below));
    groups.push_back(measure(all.subspan(below)));
  }
  for (const Group& group : groups) colours_.push_back(representative(group));
}

int Palette::nearest(Colour colour) {
  const auto [place, unknown] = known_.try_emplace(pack(colour), 0);
  if (!unknown) return place->second;
  int best_distance = 1 << 30;
  for (int i = 0; const Colour& c : colours_) {
    const int dr = c.r - colour.r, dg = c.g - colour.g, db = c.b - colour.b;
    const int distance = dr * dr + dg * dg + db * db;
    if (distance < best_distance) best_distance = distance, place->second = i;
    ++i;
  }
  return place->second;
}

}  // namespace fovea
