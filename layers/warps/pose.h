// Rotation, scale and shift, each within bounds.
#pragma once

#include "layers/warps/matrix.h"

namespace fovea {

struct PoseOptions {
  Real scale = 2;   ///< the scale stays within [1 / scale, scale]; above 1
  Real angle = 90;  ///< the rotation within +-angle degrees, above 0 and below 180
  Real shift = 1;   ///< each shift within +-shift of the normalised frame; above 0
};

/// theta = (log_scale, angle, shift_x, shift_y), of the similarity [a, -b, shift_x; b, a, shift_y]
/// with a = s cos phi, b = s sin phi. Near 0 they are what their names say (the angle in radians);
/// away from it they saturate: log s = L tanh(log_scale / L) with L = log(scale),
/// tan(phi / 2) = T tanh(angle / 2T) with T = tan(options.angle / 2), and shifts alike.
class PoseWarp final : public MatrixWarp {
 public:
  /// Error: bounds out of range.
  explicit PoseWarp(const PoseOptions& options = {}, std::string name = {});

  void prepare(const Lanes* theta, Lanes* matrix) const override;
  void add_theta_grad(const Lanes* theta, const Lanes* dmatrix, Lanes* dtheta) const override;
  Tensor grid(const Tensor& theta, const GridOptions& options) const override;
  /// None where it is out of bounds.
  std::optional<std::vector<Real>> inverse(std::span<const Real> theta) const override;
  double at_bounds(std::span<const Real> theta) const override;
  /// Bounds are not closed under composition.
  bool composes() const override { return false; }
  Tensor compose(const Tensor& outer, const Tensor& inner) const override {
    return Warp::compose(outer, inner);  // NOLINT(bugprone-parent-virtual-call): which refuses
  }
  std::array<double, 6> matrix(std::span<const Real> theta) const override;

 private:
  Real log_scale_, tangent_, shift_;
};

}  // namespace fovea
