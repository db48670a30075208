#include "layers/warps/flow.h"

#include <algorithm>
#include <cmath>

#include "core/native.h"
#include "layers/arithmetic.h"
#include "layers/matmul.h"
#include "layers/reduce.h"
#include "layers/shape_ops.h"
#include "layers/warps/limited.h"
#include "layers/warps/output_points.h"

namespace fovea {

namespace {

// The two cells between whose middles a coordinate lies.
struct Between {
  int first, second;
  Real share;  // of the second
  Between(Real at, int cells) {
    const Real cell = std::clamp(((at + 1) * static_cast<Real>(cells) - 1) / 2, Real(0),
                                 static_cast<Real>(cells - 1));
    first = static_cast<int>(cell);
    second = std::min(first + 1, cells - 1);
    share = cell - static_cast<Real>(first);
  }
};

// Calls use(index of a cell, its weight) for the four cells around a point.
template <class Use>
void around(const Between& x, const Between& y, int columns, const Use& use) {
  use(y.first * columns + x.first, (1 - y.share) * (1 - x.share));
  use(y.first * columns + x.second, (1 - y.share) * x.share);
  use(y.second * columns + x.first, y.share * (1 - x.share));
  use(y.second * columns + x.second, y.share * x.share);
}

Tensor square(const Tensor& x) {
  return x * x;
}

// x[i + 1] - x[i] along `dim`.
Tensor differences(const Tensor& x, int dim) {
  const int extent = x.shape()[dim];
  return slice(x, dim, 1, extent) - slice(x, dim, 0, extent - 1);
}

}  // namespace

FlowWarp::FlowWarp(const FlowOptions& options, std::string name)
    : options_(options), name_(name.empty() ? "flow" : std::move(name)) {
  for (const int extent : {options.rows, options.columns})
    require(extent >= 1 && extent <= 256, "[flow] rows and columns must be 1 to 256, got ",
            options.rows, "x", options.columns);
  require(options.limit >= 0, "[flow] the limit must not be negative, got ", options.limit);
}

std::vector<std::string> FlowWarp::parameters() const {
  std::vector<std::string> names;
  for (int i = 0; i < options_.rows; ++i)
    for (int j = 0; j < options_.columns; ++j)
      for (const char* axis : {"dx", "dy"}) names.push_back(cat(axis, "_", i, "_", j));
  return names;
}

void FlowWarp::prepare(const Lanes* theta, Lanes* field) const {
  const Buffer<Lanes> values = limited(theta, theta_size(), options_.limit);
  std::copy_n(values.data(), values.size(), field);
}

void FlowWarp::add_theta_grad(const Lanes* theta, const Lanes* dfield, Lanes* dtheta) const {
  add_limited_grad(theta, dfield, theta_size(), options_.limit, dtheta);
}

void FlowWarp::row(const Lanes* field, Real y, std::span<const Real> xs, Lanes* out) const {
  const Between row(y, options_.rows);
  for (const Real x : xs) {
    const Between column(x, options_.columns);
    Lanes dx{}, dy{};
    around(column, row, options_.columns, [&](int cell, Real weight) {
      dx += weight * field[2 * cell];
      dy += weight * field[2 * cell + 1];
    });
    *out++ = x + dx;
    *out++ = y + dy;
  }
}

void FlowWarp::add_row_grad(const Lanes*, Real y, std::span<const Real> xs, const Lanes* drow,
                            Lanes* dfield) const {
  const Between row(y, options_.rows);
  for (const Real x : xs) {
    const Between column(x, options_.columns);
    around(column, row, options_.columns, [&](int cell, Real weight) {
      dfield[2 * cell] += weight * drow[0];
      dfield[2 * cell + 1] += weight * drow[1];
    });
    drow += 2;
  }
}

Tensor FlowWarp::grid(const Tensor& theta, const GridOptions& o) const {
  const int rows = options_.rows, columns = options_.columns;
  Tensor field = limited(theta.reshape({rows * columns, 2}), options_.limit);
  const bool own_pixel = rows == o.height && columns == o.width && !o.align_corners;
  if (!own_pixel) {
    const Tensor weights = for_output_points(o, rows * columns, [&](Real x, Real y, Real* to) {
      around(Between(x, columns), Between(y, rows), columns,
             [&](int cell, Real weight) { to[cell] += weight; });
    });
    field = matmul(weights, field);
  }
  return (field + output_points(o)).reshape({o.height, o.width, 2});
}

double FlowWarp::at_bounds(std::span<const Real> theta) const {
  require_size(theta);
  return share_at_limit(theta, options_.limit);
}

Tensor FlowWarp::bending_energy(const Tensor& theta) const {
  const int rows = options_.rows, columns = options_.columns;
  const Tensor field = limited(theta.reshape(theta_shape()), options_.limit);
  const double height = 2.0 / rows, width = 2.0 / columns;  // of a cell
  Tensor energy = sum(scale(theta, 0));
  const auto add = [&](const Tensor& derivative, double step, double times) {
    // (derivative / step)^2, over the area of a cell.
    energy = energy + scale(sum(square(derivative)),
                            static_cast<Real>(times * height * width / (step * step)));
  };
  if (columns > 2) add(differences(differences(field, 1), 1), width * width, 1);
  if (rows > 2) add(differences(differences(field, 0), 0), height * height, 1);
  if (rows > 1 && columns > 1) add(differences(differences(field, 0), 1), width * height, 2);
  return energy;
}

}  // namespace fovea
