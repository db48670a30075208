#include "layers/warp.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/autograd.h"
#include "layers/arithmetic.h"
#include "layers/reduce.h"

namespace fovea {

void Warp::prepare(const Lanes* theta, Lanes* coefficients) const {
  std::copy_n(theta, coefficient_count(), coefficients);
}

void Warp::add_theta_grad(const Lanes*, const Lanes* dcoefficients, Lanes* dtheta) const {
  for (int k = 0; k < coefficient_count(); ++k) dtheta[k] += dcoefficients[k];
}

Tensor Warp::grid(const Tensor& theta, const GridOptions& options) const {
  return warp_grid(*this, theta, options);
}

std::optional<std::vector<Real>> Warp::inverse(std::span<const Real> theta) const {
  require_size(theta);
  return std::nullopt;
}

bool Warp::is_singular(double determinant, double terms) {
  const double rounding = 2 * static_cast<double>(std::numeric_limits<Real>::epsilon()) * terms;
  return !(std::abs(determinant) > rounding && std::isfinite(1 / determinant));
}

Tensor Warp::compose(const Tensor&, const Tensor&) const {
  fail("[", name(), "] cannot be composed: one such transform after another is none of the family");
}

Tensor Warp::bending_energy(const Tensor& theta) const {
  return sum(scale(theta, 0));
}

void Warp::require_size(std::span<const Real> theta) const {
  require(static_cast<int>(theta.size()) == theta_size(), "[", name(), "] theta has ", theta.size(),
          " values; ", name(), " takes ", theta_size());
}

WarpPoint Warp::map(std::span<const Real> theta, const WarpPoint& at) const {
  require_size(theta);
  const Buffer<Lanes> lanes(theta.size());
  for (std::size_t k = 0; k < theta.size(); ++k) lanes[k] = broadcast(theta[k]);
  const Buffer<Lanes> coefficients(static_cast<std::size_t>(coefficient_count()));
  prepare(lanes.data(), coefficients.data());
  Lanes out[2];
  row(coefficients.data(), at[1], {at.data(), 1}, out);
  return {out[0][0], out[1][0]};
}

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

GridRows::GridRows(const Warp& warp, const Tensor& theta, const GridOptions& o)
    : warp_(&warp), options_(o), theta_(theta.detach()) {
  require(theta.is_per_sample() && theta.size() == warp.theta_size(), "[", warp.name(),
          "_grid] theta must be per-sample ", warp.theta_shape(), " (", warp.theta_size(),
          " elements), got ", theta);
  require(o.height > 0 && o.width > 0, "[", warp.name(),
          "_grid] the output must not be empty, got ", o.height, "x", o.width);
  require(2.0 * o.height * o.width < 0x1p31, "[", warp.name(), "_grid] the output ", o.height, "x",
          o.width, " is too large: more than 2^31 coordinates");
  xs_.resize(static_cast<std::size_t>(o.width));
  for (int j = 0; j < o.width; ++j)
    xs_[static_cast<std::size_t>(j)] = normalised_coordinate(j, o.width, o.align_corners);
  coefficients_ = Buffer<Lanes>(static_cast<std::size_t>(warp.coefficient_count()));
  warp.prepare(theta.lanes(), coefficients_.data());
}

Real GridRows::y_of(int row) const {
  return normalised_coordinate(row, options_.height, options_.align_corners);
}

void GridRows::row(int i, Lanes* out) const {
  warp_->row(coefficients_.data(), y_of(i), xs_, out);
}

void GridRows::add_grad(int i, const Lanes* drow) {
  const std::span<const Real> xs(xs_);
  const int count = options_.height * options_.width, block = sum_block(count);
  if (dcoefficients_.size() == 0) {
    dcoefficients_ = Buffer<Lanes>(coefficients_.size());
    clear_coefficient_grad();
    if (count > block) long_sums_.emplace(static_cast<int>(coefficients_.size()));
  }
  if (!long_sums_)
    return warp_->add_row_grad(coefficients_.data(), y_of(i), xs, drow, dcoefficients_.data());
  for (int first = 0; first < options_.width; first += block) {
    clear_coefficient_grad();
    const auto part = xs.subspan(static_cast<std::size_t>(first),
                                 static_cast<std::size_t>(std::min(block, options_.width - first)));
    warp_->add_row_grad(coefficients_.data(), y_of(i), part, drow + 2 * first,
                        dcoefficients_.data());
    for (int k = 0; k < warp_->coefficient_count(); ++k)
      (*long_sums_)[k].add(dcoefficients_[static_cast<std::size_t>(k)]);
  }
}

void GridRows::finish_grad(Lanes* dtheta) {
  for (int k = 0; long_sums_ && k < warp_->coefficient_count(); ++k)
    dcoefficients_[static_cast<std::size_t>(k)] = (*long_sums_)[k].value();
  warp_->add_theta_grad(theta_.lanes(), dcoefficients_.data(), dtheta);
  dcoefficients_ = {};
  long_sums_.reset();
}

void GridRows::clear_coefficient_grad() {
  std::fill_n(dcoefficients_.data(), dcoefficients_.size(), Lanes{});
}

Tensor warp_grid(const Warp& warp, const Tensor& theta, const GridOptions& o, OpName op) {
  GridRows rows(warp, theta, o);
  Tensor grid = Tensor::per_sample({o.height, o.width, 2});
  const auto row_of = [o](const Tensor& t, int i) { return t.lanes() + 2L * i * o.width; };
  for (int i = 0; i < o.height; ++i) rows.row(i, row_of(grid, i));
  return record(
      op, grid, {theta},
      [o, row_of, rows = std::move(rows)](const Tensor& dgrid, GradSink& grad) mutable {
        Tensor& dtheta = *grad.wanted(0);
        for (int i = 0; i < o.height; ++i) rows.add_grad(i, row_of(dgrid, i));
        rows.finish_grad(dtheta.lanes());
      },
      [&] {
        return Attributes{{"warp", warp.name()}, {"align_corners", o.align_corners}};
      });
}

}  // namespace fovea
