// Thin-plate splines (Bookstein 1989): the smoothest map that moves control points where theta
// says.
#pragma once

#include "layers/warp.h"

namespace fovea {

struct TpsOptions {
  int points = 4;  ///< a side: 4 are the 16 control points of Jaderberg et al. 2015; 2 to 12
  Real limit = 0;  ///< how far a control point may move either way, by tanh; 0: as far as it likes
};

/// theta is [points, points, 2]: for each control point of a regular grid on the output frame,
/// corner to corner and row by row from the upper left, the displacement (dx, dy) of where it looks
/// in the input. The input's point is (x, y) + D(x, y), with D the thin-plate spline (kernel
/// r^2 log r^2, and an affine part) through the displacements; with `limit`, through
/// limit * tanh(theta / limit). (Elsewhere theta is often where the points look themselves: their
/// positions plus the displacements.)
class TpsWarp final : public Warp {
 public:
  /// Error: a number of points out of range, a limit that is negative.
  explicit TpsWarp(const TpsOptions& options = {}, std::string name = {});

  std::string name() const override { return name_; }
  std::vector<std::string> parameters() const override;
  std::vector<Real> identity() const override {
    return std::vector<Real>(static_cast<std::size_t>(theta_size()));
  }
  Shape theta_shape() const override { return {options_.points, options_.points, 2}; }
  int theta_size() const override { return 2 * controls(); }

  /// The spline's weights (x, y) of each control point's kernel, of 1, of x and of y.
  int coefficient_count() const override { return 2 * terms(); }
  void prepare(const Lanes* theta, Lanes* weights) const override;
  void add_theta_grad(const Lanes* theta, const Lanes* dweights, Lanes* dtheta) const override;
  void row(const Lanes* weights, Real y, std::span<const Real> xs, Lanes* out) const override;
  void add_row_grad(const Lanes* weights, Real y, std::span<const Real> xs, const Lanes* drow,
                    Lanes* dweights) const override;
  Tensor grid(const Tensor& theta, const GridOptions& options) const override;
  double at_bounds(std::span<const Real> theta) const override;
  bool bends() const override { return true; }
  Tensor bending_energy(const Tensor& theta) const override;

  const TpsOptions& options() const { return options_; }

 private:
  int controls() const { return options_.points * options_.points; }
  int terms() const { return controls() + 3; }
  WarpPoint control(int i) const;
  /// The kernels and x, y, 1 at the points of a row: to, [xs.size(), terms()].
  void basis(Real y, std::span<const Real> xs, Real* to) const;

  TpsOptions options_;
  std::string name_;
  std::vector<Real> solution_;  // [terms, controls]: displacements -> weights
};

}  // namespace fovea
