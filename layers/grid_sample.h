// The differentiable image sampler (Jaderberg et al. 2015, section 3.3).
#pragma once

#include "core/tensor.h"
#include "layers/sampling.h"

namespace fovea {

/// Samples `x`, per sample [C, H, W], at `grid`, per sample [oH, oW, 2] of (x, y) in [-1, 1]. The
/// result is per sample [C, oH, oW]. Equals PyTorch's grid_sample; where a coordinate is infinite
/// or NaN the result is NaN and nothing is read out of bounds. Gradients flow to x and to the grid
/// (none to the grid with nearest). Throws Error when shapes do not fit.
Tensor grid_sample(const Tensor& x, const Tensor& grid, const GridSampleOptions& options = {});

}  // namespace fovea
