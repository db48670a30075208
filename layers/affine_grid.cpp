#include "layers/affine_grid.h"

#include <cmath>

#include "core/autograd.h"
#include "core/debug.h"

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

AffineRows::AffineRows(const Tensor& theta, const AffineGridOptions& o) : options_(o) {
  require(theta.is_per_sample() && (theta.shape() == Shape{2, 3} || theta.shape() == Shape{6}),
          "[affine_grid] theta must be per-sample [2, 3] or [6], got ", theta);
  require(o.height > 0 && o.width > 0, "[affine_grid] the output must not be empty, got ", o.height,
          "x", o.width);
  xs_.resize(o.width);
  for (int j = 0; j < o.width; ++j) xs_[j] = normalised_coordinate(j, o.width, o.align_corners);
}

void AffineRows::row(const Tensor& theta, int i, Lanes* out) const {
  const Lanes a = theta[0], b = theta[1], c = theta[2], d = theta[3], e = theta[4], f = theta[5];
  const Real y = normalised_coordinate(i, options_.height, options_.align_corners);
  for (const Real x : xs_) {
    // Summed in the order of PyTorch's matrix product; see normalised_coordinate().
    out[0] = (b * y + a * x) + c;
    out[1] = (e * y + d * x) + f;
    out += 2;
  }
}

void AffineRows::add_grad(int i, const Lanes* drow, Lanes* dtheta) const {
  const Real y = normalised_coordinate(i, options_.height, options_.align_corners);
  Lanes sums[4] = {};  // over the row: x * gx, gx, x * gy, gy
  for (const Real x : xs_) {
    sums[0] += x * drow[0];
    sums[1] += drow[0];
    sums[2] += x * drow[1];
    sums[3] += drow[1];
    drow += 2;
  }
  dtheta[0] += sums[0];
  dtheta[1] += y * sums[1];
  dtheta[2] += sums[1];
  dtheta[3] += sums[2];
  dtheta[4] += y * sums[3];
  dtheta[5] += sums[3];
}

Tensor affine_grid(const Tensor& theta, const AffineGridOptions& o) {
  AffineRows rows(theta, o);
  Tensor grid = Tensor::per_sample({o.height, o.width, 2});
  for (int i = 0; i < o.height; ++i) rows.row(theta, i, grid.lanes() + 2 * i * o.width);
  if (tracing()) trace_attribute("align_corners", {double(o.align_corners)});
  return record("affine_grid", grid, {theta},
                [o, rows = std::move(rows)](const Tensor& dgrid, GradSink& grad) {
                  Tensor& dtheta = *grad.wanted(0);
                  for (int i = 0; i < o.height; ++i)
                    rows.add_grad(i, dgrid.lanes() + 2 * i * o.width, dtheta.lanes());
                });
}

}  // namespace fovea
