// Sampling grids of affine transforms in space.
#pragma once

#include "core/tensor.h"

namespace fovea {

struct AffineGrid3dOptions {
  int depth, height, width;    ///< size of the OUTPUT volume
  bool align_corners = false;  ///< as in GridOptions; must match the sampler's
};

/// For every output voxel the place in the input to sample from: theta, per sample [3, 4] (or
/// [12]), maps output coordinates (x, y, z, 1) to input coordinates, all in [-1, 1], x along the
/// width, y along the height, z along the depth. The result is per sample
/// [depth, height, width, 3], the last dimension (x, y, z), for grid_sample(). Equals PyTorch's
/// affine_grid of five dimensions. Throws Error when theta has another shape.
Tensor affine_grid3d(const Tensor& theta, const AffineGrid3dOptions& options);

}  // namespace fovea
