#include "layers/affine_grid3d.h"

#include "core/autograd.h"
#include "core/long_sum.h"
#include "layers/warp.h"

namespace fovea {

namespace {

// Calls visit(i, point) for every output voxel, in order, with its (x, y, z, 1).
template <class Visit>
void for_each_voxel(const AffineGrid3dOptions& o, const Visit& visit) {
  const auto centre = [&](int i, int size) {
    return normalised_coordinate(i, size, o.align_corners);
  };
  int i = 0;
  for (int d = 0; d < o.depth; ++d)
    for (int h = 0; h < o.height; ++h)
      for (int w = 0; w < o.width; ++w) {
        const Real point[4] = {centre(w, o.width), centre(h, o.height), centre(d, o.depth), 1};
        visit(i++, point);
      }
}

}  // namespace

Tensor affine_grid3d(const Tensor& theta, const AffineGrid3dOptions& o) {
  require(theta.is_per_sample() && (theta.shape() == Shape{3, 4} || theta.shape() == Shape{12}),
          "[affine_grid3d] theta must be per-sample [3, 4] or [12], got ", theta);
  require(o.depth > 0 && o.height > 0 && o.width > 0,
          "[affine_grid3d] the output must not be empty, got ", o.depth, "x", o.height, "x",
          o.width);
  Tensor grid = Tensor::per_sample({o.depth, o.height, o.width, 3});
  for_each_voxel(o, [&](int i, const Real* point) {
    for (int row = 0; row < 3; ++row) {
      const Lanes* m = theta.lanes() + 4 * row;
      grid[3 * i + row] = m[0] * point[0] + m[1] * point[1] + m[2] * point[2] + m[3];
    }
  });
  return record(
      "affine_grid3d", grid, {theta},
      [o](const Tensor& dgrid, GradSink& grad) {
        const WideSums<Lanes> sums(12);  // of many voxels
        for_each_voxel(o, [&](int i, const Real* point) {
          for (int k = 0; k < 12; ++k) sums[k].add(dgrid[3 * i + k / 4] * point[k % 4]);
        });
        Tensor& dtheta = *grad.wanted(0);
        for (int k = 0; k < 12; ++k) dtheta[k] += sums[k].value();
      },
      [&] {
        return Attributes{{"align_corners", o.align_corners}};
      });
}

}  // namespace fovea
