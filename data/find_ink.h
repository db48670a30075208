// Where the ink is in a picture of paper; part of prepare_digit().
#pragma once

#include <vector>

#include "data/image.h"

namespace fovea {

struct Ink {
  bool found = false;
  bool dark_on_light = false;
  int left = 0, top = 0, right = 0, bottom = 0;  ///< box of the ink, right and bottom exclusive
  int ignored = 0;                               ///< specks and things at the border left out
  int digits = 1;               ///< groups of ink of like height, apart from each other
  bool cut_off = false;         ///< the ink goes on beyond the border
  std::vector<float> strength;  ///< 0 paper .. 1 ink, for every pixel
};

/// Separates the ink of one digit from its ground. `grey` has one channel and a few hundred pixels
/// a side. The ground is find_ground()'s; what surrounds a sheet is left out; the threshold is
/// Otsu's (1979) within limits set by the noise.
Ink find_ink(const Image& grey);

}  // namespace fovea
