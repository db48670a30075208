// Shift alone.
#pragma once

#include "layers/warps/matrix.h"

namespace fovea {

/// theta = (shift_x, shift_y) with the matrix [1, 0, shift_x; 0, 1, shift_y].
class TranslationWarp final : public MatrixWarp {
 public:
  TranslationWarp()
      : MatrixWarp(
            {.name = "translation",
             .parameters = {"shift_x", "shift_y"},
             .identity = {0, 0},
             .matrix = {
                 {{constant, 1}, {constant, 0}, {0, 1}, {constant, 0}, {constant, 1}, {1, 1}}}}) {}
};

}  // namespace fovea
