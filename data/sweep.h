// Test images turned, scaled or moved by the same amount: how far a network follows.
#pragma once

#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/distort_maps.h"

namespace fovea {

struct Sweep {
  const char* name;
  const char* unit;  ///< of the values, for people
  std::vector<double> values;
  /// What is done to image `index`.
  Similarity (*at)(double value, int index);
};

/// rotation (degrees, clockwise), scale (a factor) and shift (pixels, in a direction of each
/// image's own that is always the same).
const std::vector<Sweep>& sweeps();

/// The images of `base`, by `value` of the sweep, in the middle of `height` x `width` pixels.
Dataset swept(const Dataset& base, const Sweep& sweep, double value, int height, int width);

}  // namespace fovea
