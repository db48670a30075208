#include "layers/warps/pose.h"

#include <cmath>
#include <numbers>

#include "core/lane_math.h"
#include "layers/affine_grid.h"
#include "layers/arithmetic.h"
#include "layers/math.h"
#include "layers/shape_ops.h"
#include "layers/warps/limited.h"

namespace fovea {

PoseWarp::PoseWarp(const PoseOptions& o, std::string name)
    : MatrixWarp({.name = name.empty() ? "pose" : std::move(name),
                  .parameters = {"log_scale", "angle", "shift_x", "shift_y"},
                  .identity = {0, 0, 0, 0},
                  .matrix = {{{0, 1}, {1, -1}, {2, 1}, {1, 1}, {0, 1}, {3, 1}}}}),
      log_scale_(std::log(o.scale)),
      tangent_(static_cast<Real>(std::tan(static_cast<double>(o.angle) * std::numbers::pi / 360))),
      shift_(o.shift) {
  require(o.scale > 1, "[pose] the bound of the scale must be above 1, got ", o.scale);
  require(o.angle > 0 && o.angle < 180, "[pose] the bound of the angle must be above 0 and below ",
          "180 degrees, got ", o.angle);
  require(o.shift > 0, "[pose] the bound of shifts must be above 0, got ", o.shift);
}

// By way of the elements of a similarity, (s cos, s sin, shift_x, shift_y).
void PoseWarp::prepare(const Lanes* theta, Lanes* matrix) const {
  const Lanes s = lane_math::exp(log_scale_ * lane_math::tanh(theta[0] / log_scale_));
  const Lanes t = tangent_ * lane_math::tanh(theta[1] / (2 * tangent_));
  const Lanes over = s / (1 + t * t);
  const Lanes parts[4] = {(1 - t * t) * over, 2 * t * over,
                          shift_ * lane_math::tanh(theta[2] / shift_),
                          shift_ * lane_math::tanh(theta[3] / shift_)};
  MatrixWarp::prepare(parts, matrix);
}

void PoseWarp::add_theta_grad(const Lanes* theta, const Lanes* dmatrix, Lanes* dtheta) const {
  Lanes d[4] = {};
  MatrixWarp::add_theta_grad(nullptr, dmatrix, d);
  const Lanes u = lane_math::tanh(theta[0] / log_scale_);
  const Lanes v = lane_math::tanh(theta[1] / (2 * tangent_));
  const Lanes s = lane_math::exp(log_scale_ * u), t = tangent_ * v, one = 1 + t * t;
  const Lanes a = (1 - t * t) * s / one, b = 2 * t * s / one;
  dtheta[0] += (d[0] * a + d[1] * b) * (1 - u * u);
  // dphi/dt = 2 / (1 + t^2), dt/dangle = (1 - v^2) / 2
  dtheta[1] += (d[1] * a - d[0] * b) / one * (1 - v * v);
  add_limited_grad(theta + 2, d + 2, 2, shift_, dtheta + 2);
}

Tensor PoseWarp::grid(const Tensor& theta, const GridOptions& options) const {
  const auto part = [&](int k) { return slice(theta.reshape({4}), 0, k, k + 1); };
  const Tensor s = exp(limited(part(0), log_scale_));
  const Tensor t = limited(scale(part(1), Real(0.5)), tangent_);
  const Tensor squared = t * t, over = s / scale(squared, 1, 1);
  const Tensor a = scale(squared, -1, 1) * over, b = scale(t, 2) * over;
  const Tensor elements[] = {a, negate(b), limited(part(2), shift_),
                             b, a,         limited(part(3), shift_)};
  return affine_grid(concatenate(elements), options);
}

std::array<double, 6> PoseWarp::matrix(std::span<const Real> theta) const {
  require_size(theta);
  const auto within = [](Real value, Real limit) {
    return static_cast<double>(limit) *
           std::tanh(static_cast<double>(value) / static_cast<double>(limit));
  };
  const double s = std::exp(within(theta[0], log_scale_));
  const double t = within(theta[1] / 2, tangent_), over = s / (1 + t * t);
  const double a = (1 - t * t) * over, b = 2 * t * over;
  return {a, -b, within(theta[2], shift_), b, a, within(theta[3], shift_)};
}

double PoseWarp::at_bounds(std::span<const Real> theta) const {
  require_size(theta);
  return (at_limit(theta[0], log_scale_) + at_limit(theta[1], 2 * tangent_) +
          at_limit(theta[2], shift_) + at_limit(theta[3], shift_)) /
         4.0;
}

std::optional<std::vector<Real>> PoseWarp::inverse(std::span<const Real> theta) const {
  const auto [a, minus_b, tx, b, a2, ty] = matrix(theta);
  const double squared = a * a + b * b;  // the determinant
  const double c = a / squared, d = -b / squared;
  const auto from = [](double value, Real limit) {
    const auto bound = static_cast<double>(limit);
    return bound * std::atanh(value / bound);  // NaN out of bounds
  };
  const double inverse[] = {from(-std::log(squared) / 2, log_scale_),
                            2 * from(std::tan(std::atan2(d, c) / 2), tangent_),
                            from(-(c * tx - d * ty), shift_), from(-(d * tx + c * ty), shift_)};
  std::vector<Real> out;
  for (const double value : inverse) {
    if (!std::isfinite(value)) return std::nullopt;
    out.push_back(static_cast<Real>(value));
  }
  return out;
}

}  // namespace fovea
