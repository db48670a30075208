// Sampling grids of affine transforms (Jaderberg et al. 2015, eq. 1).
#pragma once

#include "layers/warp.h"

namespace fovea {

using AffineGridOptions = GridOptions;

/// For every output pixel the place in the input to sample from: theta, per sample [2, 3] (or [6]),
/// maps output coordinates (x, y, 1) to input coordinates, both in [-1, 1], x to the right and y
/// down. The result is per sample [height, width, 2], the last dimension (x, y). Equals PyTorch's
/// affine_grid. Throws Error when theta has another shape.
Tensor affine_grid(const Tensor& theta, const AffineGridOptions& options);

}  // namespace fovea
