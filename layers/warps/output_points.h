// The points of an output frame as a matrix, for families whose grid is a product with one.
#pragma once

#include "core/tensor.h"
#include "layers/warp.h"

namespace fovea {

/// Shared [height * width, columns]: fill(x, y, row) sets the row of each output point.
template <class Fill>
Tensor for_output_points(const GridOptions& o, int columns, const Fill& fill) {
  Tensor points = Tensor::zeros({o.height * o.width, columns});
  for (int i = 0; i < o.height; ++i)
    for (int j = 0; j < o.width; ++j)
      fill(normalised_coordinate(j, o.width, o.align_corners),
           normalised_coordinate(i, o.height, o.align_corners),
           points.data() + static_cast<long>(i * o.width + j) * columns);
  return points;
}

/// Shared [height * width, 2]: x, y.
inline Tensor output_points(const GridOptions& o) {
  return for_output_points(o, 2, [](Real x, Real y, Real* to) { to[0] = x, to[1] = y; });
}

/// Shared [height * width, 3]: x, y, 1.
inline Tensor homogeneous_output_points(const GridOptions& o) {
  return for_output_points(o, 3, [](Real x, Real y, Real* to) { to[0] = x, to[1] = y, to[2] = 1; });
}

}  // namespace fovea
