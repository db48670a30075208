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
  std::vector<float> strength;                   ///< 0 paper .. 1 ink, for every pixel
};

/// Separates the ink of one digit from its ground. `grey` has one channel and a few hundred pixels
/// a side. The ground is a quadratic surface fitted to the pixels that agree with it, first along
/// the border (shaded photos); the threshold is Otsu's (1979) within limits set by the noise.
Ink find_ink(const Image& grey);

}  // namespace fovea
