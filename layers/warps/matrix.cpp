#include "layers/warps/matrix.h"

#include <cmath>

#include "core/native.h"
#include "layers/affine_grid.h"
#include "layers/arithmetic.h"
#include "layers/matmul.h"

namespace fovea {

void MatrixWarp::prepare(const Lanes* theta, Lanes* matrix) const {
  for (std::size_t i = 0; i < 6; ++i) {
    const auto [k, factor] = form_.matrix[i];
    matrix[i] = k == constant ? broadcast(factor) : factor * theta[k];
  }
}

void MatrixWarp::add_theta_grad(const Lanes*, const Lanes* dmatrix, Lanes* dtheta) const {
  for (std::size_t i = 0; i < 6; ++i)
    if (const auto [k, factor] = form_.matrix[i]; k != constant) dtheta[k] += factor * dmatrix[i];
}

void MatrixWarp::row(const Lanes* matrix, Real y, std::span<const Real> xs, Lanes* out) const {
  for (int part = 0; part < lane_count; part += native_width) {
    Native t[6];
    for (int k = 0; k < 6; ++k) t[k] = native(matrix[k], part);
    Lanes* at = out;
    for (const Real x : xs) {
      // Summed in the order of PyTorch's matrix product; see normalised_coordinate().
      native(at[0], part) = (t[1] * y + t[0] * x) + t[2];
      native(at[1], part) = (t[4] * y + t[3] * x) + t[5];
      at += 2;
    }
  }
}

void MatrixWarp::add_row_grad(const Lanes*, Real y, std::span<const Real> xs, const Lanes* drow,
                              Lanes* dmatrix) const {
  for (int part = 0; part < lane_count; part += native_width) {
    Native x_gx{}, gx{}, x_gy{}, gy{};  // sums over the row
    const Lanes* at = drow;
    for (const Real x : xs) {
      x_gx += x * native(at[0], part);
      gx += native(at[0], part);
      x_gy += x * native(at[1], part);
      gy += native(at[1], part);
      at += 2;
    }
    const Native shares[6] = {x_gx, y * gx, gx, x_gy, y * gy, gy};
    for (int k = 0; k < 6; ++k) native(dmatrix[k], part) += shares[k];
  }
}

Tensor MatrixWarp::grid(const Tensor& theta, const GridOptions& options) const {
  const int n = theta_size();
  const Tensor weights = Tensor::zeros({n, 6}), constants = Tensor::zeros({6});
  for (int i = 0; i < 6; ++i) {
    const auto [k, factor] = form_.matrix[static_cast<std::size_t>(i)];
    (k == constant ? constants.data()[i] : weights.data()[k * 6 + i]) = factor;
  }
  return affine_grid(matmul(theta.reshape({n}), weights) + constants, options);
}

Tensor MatrixWarp::compose(const Tensor& outer, const Tensor& inner) const {
  const int n = theta_size();
  // theta -> the 3x3 matrix, and from a product of two back: each element can be read off.
  const Tensor weights = Tensor::zeros({n, 9}), constants = Tensor::zeros({9});
  const Tensor back = Tensor::zeros({9, n});
  std::vector<bool> read(static_cast<std::size_t>(n));
  constants.data()[8] = 1;
  for (int i = 0; i < 6; ++i) {
    const auto [k, factor] = form_.matrix[static_cast<std::size_t>(i)];
    (k == constant ? constants.data()[i] : weights.data()[k * 9 + i]) = factor;
    if (k == constant || read[static_cast<std::size_t>(k)]) continue;
    back.data()[i * n + k] = 1 / factor;
    read[static_cast<std::size_t>(k)] = true;
  }
  const auto square = [&](const Tensor& theta) {
    return (matmul(theta.reshape({n}), weights) + constants).reshape({3, 3});
  };
  return matmul(matmul(square(outer), square(inner)).reshape({9}), back).reshape(theta_shape());
}

std::array<double, 6> MatrixWarp::matrix(std::span<const Real> theta) const {
  require_size(theta);
  std::array<double, 6> m{};
  for (std::size_t i = 0; i < 6; ++i) {
    const auto [k, factor] = form_.matrix[i];
    m[i] =
        static_cast<double>(k == constant ? factor : factor * theta[static_cast<std::size_t>(k)]);
  }
  return m;
}

std::optional<std::vector<Real>> MatrixWarp::inverse(std::span<const Real> theta) const {
  const auto [a, b, tx, c, d, ty] = matrix(theta);
  const double det = a * d - b * c;
  if (is_singular(det, std::abs(a * d) + std::abs(b * c))) return std::nullopt;
  const std::array<double, 6> m = {d / det,  -b / det, (b * ty - d * tx) / det,
                                   -c / det, a / det,  (c * tx - a * ty) / det};
  // The family is closed under inversion: each element of theta can be read off the matrix.
  std::vector<Real> out(theta.size());
  for (std::size_t i = 0; i < 6; ++i)
    if (const auto [k, factor] = form_.matrix[i]; k != constant)
      out[static_cast<std::size_t>(k)] = static_cast<Real>(m[i] / static_cast<double>(factor));
  for (const Real value : out)
    if (!std::isfinite(value)) return std::nullopt;
  return out;
}

}  // namespace fovea
