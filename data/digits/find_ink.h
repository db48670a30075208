// Where the ink is in a picture of paper; part of prepare_digit().
#pragma once

#include <vector>

#include "data/image.h"

namespace fovea {

struct Ink {
  bool found = false;
  bool dark_on_light = false;
  int left = 0, top = 0, right = 0, bottom = 0;  ///< box of the ink, right and bottom exclusive
  int ignored = 0;              ///< specks, lines and things at the border left out
  int digits = 1;               ///< marks of like size, apart from each other
  bool cut_off = false;         ///< the ink goes on beyond the border
  bool only_lines = false;      ///< of a box or squared paper, and nothing else
  std::vector<float> strength;  ///< 0 paper .. 1 ink, for every pixel
};

/// Separates the ink of one digit from what it is on (ground.h), which a desk or a frame may
/// surround (sheet.h) and lines may cross (paper_lines.h). The threshold is Otsu's within limits
/// set by the noise; of the marks above it, the largest that does not come in from the border nor
/// encloses another is the digit, with its parts near by. `grey` has one channel and a few hundred
/// pixels a side.
Ink find_ink(const Image& grey);

}  // namespace fovea
