#include "layers/warps/tps.h"

#include <cmath>
#include <numbers>

#include "core/blas.h"
#include "core/lane_math.h"
#include "layers/arithmetic.h"
#include "layers/matmul.h"
#include "layers/reduce.h"
#include "layers/warps/limited.h"
#include "layers/warps/output_points.h"

namespace fovea {

namespace {

constexpr int pair_width = 2 * lane_count;  // Reals of one (x, y) of sixteen samples

Real* reals(Lanes* lanes) {
  return reinterpret_cast<Real*>(lanes);
}
const Real* reals(const Lanes* lanes) {
  return reinterpret_cast<const Real*>(lanes);
}

double kernel(double squared_distance) {
  return squared_distance == 0 ? 0 : squared_distance * std::log(squared_distance);
}

}  // namespace

TpsWarp::TpsWarp(const TpsOptions& options, std::string name)
    : options_(options), name_(name.empty() ? "tps" : std::move(name)) {
  require(options.points >= 2 && options.points <= 12,
          "[tps] takes 2 to 12 control points a side, got ", options.points);
  require(options.limit >= 0, "[tps] the limit must not be negative, got ", options.limit);
  // [K P; P^T 0] (weights; affine part) = (displacements; 0), solved for all unit displacements.
  const auto n = static_cast<std::size_t>(controls()), size = n + 3;
  std::vector<double> matrix(size * size), right(size * n);
  for (std::size_t i = 0; i < n; ++i) {
    const auto [xi, yi] = control(static_cast<int>(i));
    for (std::size_t j = 0; j < n; ++j) {
      const auto [xj, yj] = control(static_cast<int>(j));
      const double dx = static_cast<double>(xi - xj), dy = static_cast<double>(yi - yj);
      matrix[i * size + j] = kernel(dx * dx + dy * dy);
    }
    const double affine[] = {1, static_cast<double>(xi), static_cast<double>(yi)};
    for (std::size_t k = 0; k < 3; ++k)
      matrix[i * size + n + k] = matrix[(n + k) * size + i] = affine[k];
    right[i * n + i] = 1;
  }
  solve(static_cast<int>(size), static_cast<int>(n), matrix.data(), right.data());
  solution_.assign(right.begin(), right.end());
}

WarpPoint TpsWarp::control(int i) const {
  return {normalised_coordinate(i % options_.points, options_.points, true),
          normalised_coordinate(i / options_.points, options_.points, true)};
}

std::vector<std::string> TpsWarp::parameters() const {
  std::vector<std::string> names;
  for (int i = 0; i < controls(); ++i)
    for (const char* axis : {"dx", "dy"})
      names.push_back(cat(axis, "_", i / options_.points, "_", i % options_.points));
  return names;
}

void TpsWarp::prepare(const Lanes* theta, Lanes* weights) const {
  const Buffer<Lanes> moved = limited(theta, theta_size(), options_.limit);
  gemm(false, false, terms(), pair_width, controls(), 1, solution_.data(), controls(),
       reals(moved.data()), pair_width, 0, reals(weights), pair_width);
}

void TpsWarp::add_theta_grad(const Lanes* theta, const Lanes* dweights, Lanes* dtheta) const {
  const Buffer<Lanes> dmoved(static_cast<std::size_t>(theta_size()));
  gemm(true, false, controls(), pair_width, terms(), 1, solution_.data(), controls(),
       reals(dweights), pair_width, 0, reals(dmoved.data()), pair_width);
  add_limited_grad(theta, dmoved.data(), theta_size(), options_.limit, dtheta);
}

void TpsWarp::basis(Real y, std::span<const Real> xs, Real* to) const {
  // Sixteen points of the row at a time: these lanes are points, not samples.
  const auto width = static_cast<std::size_t>(terms());
  for (std::size_t first = 0; first < xs.size(); first += lane_count) {
    const std::size_t count = std::min<std::size_t>(lane_count, xs.size() - first);
    Lanes x{};
    for (std::size_t j = 0; j < count; ++j) x[j] = xs[first + j];
    Real* const rows = to + first * width;
    for (int i = 0; i < controls(); ++i) {
      const auto [cx, cy] = control(i);
      const Lanes squared = (x - cx) * (x - cx) + (y - cy) * (y - cy);
      // At 0 the kernel is 0: any finite logarithm will do.
      const Lanes value = squared * lane_math::log(max(squared, broadcast(Real(1e-30))));
      for (std::size_t j = 0; j < count; ++j)
        rows[j * width + static_cast<std::size_t>(i)] = value[j];
    }
    for (std::size_t j = 0; j < count; ++j) {
      Real* const affine = rows + j * width + controls();
      affine[0] = 1, affine[1] = x[j], affine[2] = y;
    }
  }
}

void TpsWarp::row(const Lanes* weights, Real y, std::span<const Real> xs, Lanes* out) const {
  const Buffer<Real> values(xs.size() * static_cast<std::size_t>(terms()));
  basis(y, xs, values.data());
  for (std::size_t j = 0; j < xs.size(); ++j)
    out[2 * j] = broadcast(xs[j]), out[2 * j + 1] = broadcast(y);
  gemm(false, false, static_cast<int>(xs.size()), pair_width, terms(), 1, values.data(), terms(),
       reals(weights), pair_width, 1, reals(out), pair_width);
}

void TpsWarp::add_row_grad(const Lanes*, Real y, std::span<const Real> xs, const Lanes* drow,
                           Lanes* dweights) const {
  const Buffer<Real> values(xs.size() * static_cast<std::size_t>(terms()));
  basis(y, xs, values.data());
  gemm(true, false, terms(), pair_width, static_cast<int>(xs.size()), 1, values.data(), terms(),
       reals(drow), pair_width, 1, reals(dweights), pair_width);
}

Tensor TpsWarp::grid(const Tensor& theta, const GridOptions& o) const {
  const int n = controls();
  const Tensor moves = for_output_points(o, n, [&](Real x, Real y, Real* to) {
    std::vector<Real> values(static_cast<std::size_t>(terms()));
    basis(y, {&x, 1}, values.data());
    gemm(false, false, 1, n, terms(), 1, values.data(), terms(), solution_.data(), n, 0, to, n);
  });
  const Tensor moved = limited(theta.reshape({n, 2}), options_.limit);
  return (matmul(moves, moved) + output_points(o)).reshape({o.height, o.width, 2});
}

double TpsWarp::at_bounds(std::span<const Real> theta) const {
  require_size(theta);
  return share_at_limit(theta, options_.limit);
}

Tensor TpsWarp::bending_energy(const Tensor& theta) const {
  const int n = controls();
  const Tensor energy = Tensor::zeros({n, n});  // the kernels' rows of the solution
  std::copy_n(solution_.data(), n * n, energy.data());
  const Tensor moved = limited(theta.reshape({n, 2}), options_.limit);
  // The kernel's bilaplacian is 16 pi times a Dirac delta.
  return scale(sum(moved * matmul(energy, moved)), Real(16 * std::numbers::pi));
}

}  // namespace fovea
