// Marks on paper: groups of touching pixels of a black-and-white picture; part of find_ink().
#pragma once

#include <vector>

namespace fovea {

/// Ink or not, row by row.
struct Mask {
  int width, height;
  std::vector<char> ink;
  bool at(int x, int y) const {
    return x >= 0 && y >= 0 && x < width && y < height &&
           ink[static_cast<std::size_t>(y * width + x)];
  }
};

struct Component {
  std::vector<int> pixels;                       ///< y * width + x
  int left = 0, top = 0, right = 0, bottom = 0;  ///< right and bottom exclusive
  int at_border = 0;                             ///< how many of its pixels are
  int outline = 0;                               ///< pixels with paper above, below or beside

  int area() const { return static_cast<int>(pixels.size()); }
  int extent() const { return right - left > bottom - top ? right - left : bottom - top; }
  /// Usual thickness of its strokes.
  double stroke() const { return 2.0 * area() / (outline + 1); }
};

/// Groups of pixels that touch, corners included.
std::vector<Component> find_components(const Mask& mask);

/// Pixels between their boxes, 0 where these overlap.
int gap(const Component& a, const Component& b);

}  // namespace fovea
