// Handwritten-looking digits made from strokes, for when no data set is at hand.
#pragma once

#include <cstdint>

#include "data/dataset.h"

namespace fovea {

struct SyntheticOptions {
  int train = 60000, test = 10000;  ///< how many images, 1 to 1,000,000 each
  std::uint64_t seed = 1;           ///< another seed, other digits
};

/// Digits 0 to 9 like MNIST's, 28 x 28 grey, white on black with soft edges: drawn in one of
/// several styles with their own shape, width, slant, thickness, size (0.75 to 1.1), turn (up to 22
/// degrees) and place (up to 3 pixels off the centre), so that a spatial transformer has something
/// to undo. Image i of a set depends on (seed, set, i) alone: the first images of a larger set are
/// the same, and the number of cores, all of which are used, makes no difference. Error: bad
/// counts.
DataSplit synthetic_digits(const SyntheticOptions& options);

}  // namespace fovea
