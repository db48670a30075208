// All affine transforms.
#pragma once

#include "layers/warps/matrix.h"

namespace fovea {

/// theta is the matrix, [2, 3]: (x, y) of the input = theta (x, y, 1) of the output.
class AffineWarp final : public MatrixWarp {
 public:
  AffineWarp()
      : MatrixWarp({.name = "affine",
                    .parameters = {"a11", "a12", "shift_x", "a21", "a22", "shift_y"},
                    .identity = {1, 0, 0, 0, 1, 0},
                    .matrix = {{{0, 1}, {1, 1}, {2, 1}, {3, 1}, {4, 1}, {5, 1}}}}) {}
  Shape theta_shape() const override { return {2, 3}; }
  Tensor grid(const Tensor& theta, const GridOptions& options) const override;
};

}  // namespace fovea
