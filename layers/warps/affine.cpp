#include "layers/warps/affine.h"

#include "layers/affine_grid.h"

namespace fovea {

Tensor AffineWarp::grid(const Tensor& theta, const GridOptions& options) const {
  return affine_grid(theta, options);
}

}  // namespace fovea
