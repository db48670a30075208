// Sampling grids of affine transforms (Jaderberg et al. 2015, eq. 1).
#pragma once

#include "core/tensor.h"

namespace fovea {

struct AffineGridOptions {
  int height;
  int width;                   ///< size of the OUTPUT image
  bool align_corners = false;  ///< true: -1 and 1 are the centres of the corner pixels, not their
                               ///< outer edges; must match grid_sample's
};

/// For every output pixel the place in the input to sample from: theta, per sample [2, 3] (or [6]),
/// maps output coordinates (x, y, 1) to input coordinates, both in [-1, 1], x to the right and y
/// down. The result is per sample [height, width, 2], the last dimension (x, y). Equals PyTorch's
/// affine_grid. Throws Error when theta has another shape.
Tensor affine_grid(const Tensor& theta, const AffineGridOptions& options);

/// Normalised coordinate of the centre of pixel `i` of `size`.
Real normalised_coordinate(int i, int size, bool align_corners);

}  // namespace fovea
