#include "layers/affine_grid.h"

#include <cmath>
#include <vector>

#include "core/autograd.h"
#include "core/debug.h"
#include "core/memory.h"

namespace fovea {

// Rounded step by step as PyTorch's linspace and affine_grid do: under the identity every point
// lies on a pixel centre, where the sampler has a kink, and the last bit decides which side's slope
// the gradient takes.
Real normalised_coordinate(int i, int size, bool align_corners) {
  if (size == 1) return 0;
  const Real step = Real(2) / static_cast<Real>(size - 1);
  const Real corner_to_corner = i < size / 2
                                    ? std::fma(step, static_cast<Real>(i), Real(-1))
                                    : std::fma(-step, static_cast<Real>(size - 1 - i), Real(1));
  if (align_corners) return corner_to_corner;
  return corner_to_corner * static_cast<Real>(size - 1) / static_cast<Real>(size);
}

namespace {

std::vector<Real, CacheAllocator<Real>> normalised_row(const AffineGridOptions& o) {
  std::vector<Real, CacheAllocator<Real>> xs(o.width);
  for (int j = 0; j < o.width; ++j) xs[j] = normalised_coordinate(j, o.width, o.align_corners);
  return xs;
}

}  // namespace

Tensor affine_grid(const Tensor& theta, const AffineGridOptions& o) {
  require(theta.is_per_sample() && (theta.shape() == Shape{2, 3} || theta.shape() == Shape{6}),
          "[affine_grid] theta must be per-sample [2, 3] or [6], got ", theta);
  require(o.height > 0 && o.width > 0, "[affine_grid] the output must not be empty, got ", o.height,
          "x", o.width);
  Tensor grid = Tensor::per_sample({o.height, o.width, 2});
  const Lanes a = theta[0], b = theta[1], c = theta[2], d = theta[3], e = theta[4], f = theta[5];
  const std::vector<Real, CacheAllocator<Real>> xs = normalised_row(o);
  Lanes* out = grid.lanes();
  for (int i = 0; i < o.height; ++i) {
    const Real y = normalised_coordinate(i, o.height, o.align_corners);
    for (int j = 0; j < o.width; ++j, out += 2) {
      // Summed in the order of PyTorch's matrix product; see normalised_coordinate().
      out[0] = (b * y + a * xs[j]) + c;
      out[1] = (e * y + d * xs[j]) + f;
    }
  }
  if (tracing()) trace_attribute("align_corners", {double(o.align_corners)});
  return record("affine_grid", grid, {theta}, [o, xs](const Tensor& dgrid, GradSink& grad) {
    Tensor& dtheta = *grad.wanted(0);
    const Lanes* g = dgrid.lanes();
    Lanes sums[6] = {};
    for (int i = 0; i < o.height; ++i) {
      const Real y = normalised_coordinate(i, o.height, o.align_corners);
      Lanes row[4] = {};  // sums over the row: x * gx, gx, x * gy, gy
      for (int j = 0; j < o.width; ++j, g += 2) {
        row[0] += xs[j] * g[0];
        row[1] += g[0];
        row[2] += xs[j] * g[1];
        row[3] += g[1];
      }
      sums[0] += row[0];
      sums[1] += y * row[1];
      sums[2] += row[1];
      sums[3] += row[2];
      sums[4] += y * row[3];
      sums[5] += row[3];
    }
    for (int k = 0; k < 6; ++k) dtheta[k] += sums[k];
  });
}

}  // namespace fovea
