#include "layers/warps/projective.h"

#include <cmath>
#include <limits>

#include "core/native.h"
#include "layers/arithmetic.h"
#include "layers/math.h"
#include "layers/matmul.h"
#include "layers/shape_ops.h"
#include "layers/warps/output_points.h"

namespace fovea {

namespace {

// The rows of H that one native part of the lanes needs.
struct Homography {
  Native h[8];
  Homography(const Lanes* all, int part) {
    for (int k = 0; k < 8; ++k) h[k] = native(all[k], part);
  }
  // Summed in the order of MatrixWarp::row(), so that without tilt the bits are the same.
  Native x(Real x, Real y) const { return (h[1] * y + h[0] * x) + h[2]; }
  Native y(Real x, Real y) const { return (h[4] * y + h[3] * x) + h[5]; }
  Native w(Real x, Real y) const { return (h[7] * y + h[6] * x) + Real(1); }
};

constexpr Real horizon = ProjectiveWarp::horizon;

// A NaN stays one.
Native above_horizon(const Native& w) {
  return w < horizon ? Native{} + horizon : w;
}

Tensor square(const Tensor& theta) {
  const Tensor one = Tensor::zeros({1});
  one.fill(1);
  const Tensor parts[] = {theta.reshape({8}), one};
  return concatenate(parts).reshape({3, 3});
}

}  // namespace

void ProjectiveWarp::row(const Lanes* h, Real y, std::span<const Real> xs, Lanes* out) const {
  for (int part = 0; part < lane_count; part += native_width) {
    const Homography to(h, part);
    Lanes* at = out;
    for (const Real x : xs) {
      const Native w = above_horizon(to.w(x, y));
      native(at[0], part) = to.x(x, y) / w;
      native(at[1], part) = to.y(x, y) / w;
      at += 2;
    }
  }
}

void ProjectiveWarp::add_row_grad(const Lanes* h, Real y, std::span<const Real> xs,
                                  const Lanes* drow, Lanes* dh) const {
  for (int part = 0; part < lane_count; part += native_width) {
    const Homography to(h, part);
    Native x_gx{}, gx{}, x_gy{}, gy{}, x_gw{}, gw{};  // sums over the row
    const Lanes* at = drow;
    for (const Real x : xs) {
      const Native w = to.w(x, y), scale = Real(1) / above_horizon(w);
      const Native dx = native(at[0], part) * scale, dy = native(at[1], part) * scale;
      const Native along = -(dx * to.x(x, y) + dy * to.y(x, y)) * scale;
      const Native dw = w < horizon ? Native{} : along;
      x_gx += x * dx, gx += dx;
      x_gy += x * dy, gy += dy;
      x_gw += x * dw, gw += dw;
      at += 2;
    }
    const Native shares[8] = {x_gx, y * gx, gx, x_gy, y * gy, gy, x_gw, y * gw};
    for (int k = 0; k < 8; ++k) native(dh[k], part) += shares[k];
  }
}

Tensor ProjectiveWarp::grid(const Tensor& theta, const GridOptions& o) const {
  const Tensor points = matmul(homogeneous_output_points(o), transpose(square(theta), 0, 1));
  const Tensor w = clamp(slice(points, 1, 2, 3), horizon, std::numeric_limits<Real>::max());
  return (slice(points, 1, 0, 2) / w).reshape({o.height, o.width, 2});
}

std::optional<std::vector<Real>> ProjectiveWarp::inverse(std::span<const Real> theta) const {
  require_size(theta);
  double h[9] = {};
  for (std::size_t k = 0; k < 8; ++k) h[k] = static_cast<double>(theta[k]);
  h[8] = 1;
  const auto minor = [&](int a, int b, int c, int d) { return h[a] * h[d] - h[b] * h[c]; };
  const double adjoint[9] = {minor(4, 5, 7, 8), minor(2, 1, 8, 7), minor(1, 2, 4, 5),
                             minor(5, 3, 8, 6), minor(0, 2, 6, 8), minor(2, 0, 5, 3),
                             minor(3, 4, 6, 7), minor(1, 0, 7, 6), minor(0, 1, 3, 4)};
  const double det = h[0] * adjoint[0] + h[1] * adjoint[3] + h[2] * adjoint[6];
  double terms = 0;  // all six products of the determinant
  for (int k = 0; k < 3; ++k)
    for (const int turn : {1, 2})
      terms += std::abs(h[k] * h[3 + (k + turn) % 3] * h[6 + (k + 3 - turn) % 3]);
  if (is_singular(det, terms) || !(adjoint[8] / det > 0)) return std::nullopt;
  std::vector<Real> out(8);
  for (std::size_t k = 0; k < 8; ++k) {
    out[k] = static_cast<Real>(adjoint[k] / adjoint[8]);
    if (!std::isfinite(out[k])) return std::nullopt;
  }
  return out;
}

Tensor ProjectiveWarp::compose(const Tensor& outer, const Tensor& inner) const {
  const Tensor product = matmul(square(outer), square(inner)).reshape({9});
  return slice(product, 0, 0, 8) / slice(product, 0, 8, 9);
}

}  // namespace fovea
