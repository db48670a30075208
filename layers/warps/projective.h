// Homographies: what a flat picture goes through when it is seen at a slant.
#pragma once

#include "layers/warp.h"

namespace fovea {

/// theta = (h11, h12, shift_x, h21, h22, shift_y, tilt_x, tilt_y), the 3x3 matrix row by row
/// without its last element, which is 1: (X, Y, w) = H (x, y, 1) of the output, the input's point
/// is (X / w, Y / w). The first six are the affine transform's; w = 1 + tilt_x x + tilt_y y.
///
/// Where w falls below `horizon` it is taken as that: what lies near or beyond the horizon of the
/// plane is looked for far away, and neither values nor gradients become infinite. The inverse and
/// the composition are those of the matrices, and hold where w stays above it.
class ProjectiveWarp final : public Warp {
 public:
  static constexpr Real horizon = Real(1) / 16;

  std::string name() const override { return "projective"; }
  std::vector<std::string> parameters() const override {
    return {"h11", "h12", "shift_x", "h21", "h22", "shift_y", "tilt_x", "tilt_y"};
  }
  std::vector<Real> identity() const override { return {1, 0, 0, 0, 1, 0, 0, 0}; }
  int theta_size() const override { return 8; }

  void row(const Lanes* h, Real y, std::span<const Real> xs, Lanes* out) const override;
  void add_row_grad(const Lanes* h, Real y, std::span<const Real> xs, const Lanes* drow,
                    Lanes* dh) const override;
  Tensor grid(const Tensor& theta, const GridOptions& options) const override;
  /// None where the matrix is singular, or where the inverse would have w <= 0 in the middle of the
  /// frame.
  std::optional<std::vector<Real>> inverse(std::span<const Real> theta) const override;
  bool composes() const override { return true; }
  Tensor compose(const Tensor& outer, const Tensor& inner) const override;
};

}  // namespace fovea
