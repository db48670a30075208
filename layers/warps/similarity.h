// Rotation, the same scale in both directions, and shift.
#pragma once

#include "layers/warps/matrix.h"

namespace fovea {

/// theta = (a, b, shift_x, shift_y) with the matrix [a, -b, shift_x; b, a, shift_y]: the scale is
/// sqrt(a^2 + b^2) and the angle atan2(b, a). Linear, so that no angle is far from its neighbours
/// and the identity is exact.
class SimilarityWarp final : public MatrixWarp {
 public:
  SimilarityWarp()
      : MatrixWarp({.name = "similarity",
                    .parameters = {"scale_cos", "scale_sin", "shift_x", "shift_y"},
                    .identity = {1, 0, 0, 0},
                    .matrix = {{{0, 1}, {1, -1}, {2, 1}, {1, 1}, {0, 1}, {3, 1}}}}) {}
};

}  // namespace fovea
