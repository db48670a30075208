// A window of the input's proportions: scale and shift (Jaderberg et al. 2015, eq. 2).
#pragma once

#include "layers/warps/matrix.h"

namespace fovea {

/// theta = (scale, shift_x, shift_y) with the matrix [scale, 0, shift_x; 0, scale, shift_y].
class AttentionWarp final : public MatrixWarp {
 public:
  AttentionWarp()
      : MatrixWarp({.name = "attention",
                    .parameters = {"scale", "shift_x", "shift_y"},
                    .identity = {1, 0, 0},
                    .matrix = {{{0, 1}, {constant, 0}, {1, 1}, {constant, 0}, {0, 1}, {2, 1}}}}) {}
};

}  // namespace fovea
