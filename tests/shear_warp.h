// A family of a user's own: a shear and a scale whose logarithm is the parameter.
#pragma once

#include <cmath>

#include "layers/warp.h"

namespace fovea::testing {

/// (x, y) -> e^a (x + s y, y) for theta = (s, a). Not linear in theta, and its coefficients (s,
/// e^a) are not theta. A grid of its own is given up: only warp_grid() knows it.
class ShearWarp : public Warp {
 public:
  std::string name() const override { return "shear"; }
  std::vector<std::string> parameters() const override { return {"shear", "log_scale"}; }
  std::vector<Real> identity() const override { return {0, 0}; }

  void prepare(const Lanes* theta, Lanes* c) const override {
    c[0] = theta[0];
    for (int lane = 0; lane < lane_count; ++lane) c[1][lane] = std::exp(theta[1][lane]);
  }
  void add_theta_grad(const Lanes* theta, const Lanes* dc, Lanes* dtheta) const override {
    dtheta[0] += dc[0];
    for (int lane = 0; lane < lane_count; ++lane)
      dtheta[1][lane] += dc[1][lane] * std::exp(theta[1][lane]);
  }
  void row(const Lanes* c, Real y, std::span<const Real> xs, Lanes* out) const override {
    for (const Real x : xs) {
      *out++ = c[1] * (x + c[0] * y);
      *out++ = c[1] * y;
    }
  }
  void add_row_grad(const Lanes* c, Real y, std::span<const Real> xs, const Lanes* drow,
                    Lanes* dc) const override {
    for (const Real x : xs) {
      dc[0] += drow[0] * c[1] * y;
      dc[1] += drow[0] * (x + c[0] * y) + drow[1] * y;
      drow += 2;
    }
  }
};

}  // namespace fovea::testing
