// Sampling grids of affine transforms (Jaderberg et al. 2015, eq. 1).
#pragma once

#include <vector>

#include "core/memory.h"
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

/// The same grid a row at a time, for those who need it only once.
class AffineRows {
 public:
  /// Throws Error when theta or the size are no grid's.
  AffineRows(const Tensor& theta, const AffineGridOptions& options);
  /// The `width` pairs (x, y) of row `i`, for `theta` of the constructor's shape.
  void row(const Tensor& theta, int i, Lanes* out) const;
  /// Adds the share of row `i` to the gradient of theta, `dtheta`: six elements.
  void add_grad(int i, const Lanes* drow, Lanes* dtheta) const;

 private:
  AffineGridOptions options_;
  std::vector<Real, CacheAllocator<Real>> xs_;
};

/// Normalised coordinate of the centre of pixel `i` of `size`.
Real normalised_coordinate(int i, int size, bool align_corners);

}  // namespace fovea
