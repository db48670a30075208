#include "layers/affine_grid.h"

#include "layers/warps/affine.h"

namespace fovea {

Tensor affine_grid(const Tensor& theta, const AffineGridOptions& options) {
  static const AffineWarp affine;
  require(theta.is_per_sample() && (theta.shape() == Shape{2, 3} || theta.shape() == Shape{6}),
          "[affine_grid] theta must be per-sample [2, 3] or [6], got ", theta);
  return warp_grid(affine, theta, options, "affine_grid");
}

}  // namespace fovea
