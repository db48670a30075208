#include "data/digits/components.h"

#include <algorithm>

namespace fovea {

std::vector<Component> find_components(const Mask& mask) {
  std::vector<Component> components;
  std::vector<char> seen(mask.ink.size());
  for (std::size_t start = 0; start < mask.ink.size(); ++start) {
    if (seen[start] || !mask.ink[start]) continue;
    Component& c = components.emplace_back();
    c.left = mask.width, c.top = mask.height;
    c.pixels.push_back(static_cast<int>(start));
    seen[start] = 1;
    for (std::size_t next = 0; next < c.pixels.size(); ++next) {
      const int x = c.pixels[next] % mask.width, y = c.pixels[next] / mask.width;
      c.left = std::min(c.left, x), c.right = std::max(c.right, x + 1);
      c.top = std::min(c.top, y), c.bottom = std::max(c.bottom, y + 1);
      c.at_border += x == 0 || y == 0 || x == mask.width - 1 || y == mask.height - 1;
      c.outline +=
          !(mask.at(x - 1, y) && mask.at(x + 1, y) && mask.at(x, y - 1) && mask.at(x, y + 1));
      for (int ny = y - 1; ny <= y + 1; ++ny)
        for (int nx = x - 1; nx <= x + 1; ++nx) {
          if (!mask.at(nx, ny)) continue;
          const int at = ny * mask.width + nx;
          if (seen[static_cast<std::size_t>(at)]) continue;
          seen[static_cast<std::size_t>(at)] = 1;
          c.pixels.push_back(at);
        }
    }
  }
  return components;
}

int gap(const Component& a, const Component& b) {
  const int x = std::max({0, a.left - b.right, b.left - a.right});
  const int y = std::max({0, a.top - b.bottom, b.top - a.bottom});
  return std::max(x, y);
}

}  // namespace fovea
