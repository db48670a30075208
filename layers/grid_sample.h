// The differentiable image sampler (Jaderberg et al. 2015, section 3.3).
#pragma once

#include <string>

#include "core/tensor.h"
#include "layers/sampling.h"

namespace fovea {

/// Samples an image `x`, per sample [C, H, W], at `grid`, per sample [oH, oW, 2] of (x, y) in
/// [-1, 1]; the result is per sample [C, oH, oW]. Or a volume [C, D, H, W] at [oD, oH, oW, 3] of
/// (x, y, z), z along D; the result is [C, oD, oH, oW]. Equals PyTorch's grid_sample, also where a
/// coordinate is infinite or NaN: padding with zeros gives an image NaN there (nearest and volumes:
/// the fill value), border and reflection read some pixel (bicubic: NaN). Reflection is exact at
/// any distance (PyTorch's up to 2^24 pixels). Nothing is read out of bounds. Gradients flow to x
/// and to the grid (none to the grid with nearest). Throws Error when shapes do not fit, and for a
/// bicubic volume.
Tensor grid_sample(const Tensor& x, const Tensor& grid, const GridSampleOptions& options = {});

/// What name_of() calls so. Throws Error, listing the names, for another one.
Interpolation interpolation_named(const std::string& name);
Padding padding_named(const std::string& name);

}  // namespace fovea
