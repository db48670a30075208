#include "layers/affine_grid.h"

#include <cmath>

#include "core/autograd.h"
#include "core/debug.h"
#include "core/native.h"

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
  const Real y = normalised_coordinate(i, options_.height, options_.align_corners);
  for (int part = 0; part < lane_count; part += native_width) {
    Native t[6];
    for (int k = 0; k < 6; ++k) t[k] = native(theta[k], part);
    Lanes* at = out;
    for (const Real x : xs_) {
      // Summed in the order of PyTorch's matrix product; see normalised_coordinate().
      native(at[0], part) = (t[1] * y + t[0] * x) + t[2];
      native(at[1], part) = (t[4] * y + t[3] * x) + t[5];
      at += 2;
    }
  }
}

void AffineRows::add_grad(int i, const Lanes* drow, Lanes* dtheta) const {
  const Real y = normalised_coordinate(i, options_.height, options_.align_corners);
  for (int part = 0; part < lane_count; part += native_width) {
    Native x_gx{}, gx{}, x_gy{}, gy{};  // sums over the row
    const Lanes* at = drow;
    for (const Real x : xs_) {
      x_gx += x * native(at[0], part);
      gx += native(at[0], part);
      x_gy += x * native(at[1], part);
      gy += native(at[1], part);
      at += 2;
    }
    const Native shares[6] = {x_gx, y * gx, gx, x_gy, y * gy, gy};
    for (int k = 0; k < 6; ++k) native(dtheta[k], part) += shares[k];
  }
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
