// A field of displacements: the family with the most freedom.
#pragma once

#include "layers/warp.h"

namespace fovea {

struct FlowOptions {
  int rows = 28, columns = 28;  ///< of the field, 1 to 256 each
  Real limit = 0;  ///< how far a displacement may go either way, by tanh; 0: as far as it likes
};

/// theta is [rows, columns, 2]: the displacement (dx, dy) in the middle of each cell of the output
/// frame, which is cut into rows x columns equal ones; bilinear between the middles, constant
/// beyond the outermost. The input's point is (x, y) + D(x, y). With as many cells as output pixels
/// (align_corners false) every pixel has its own displacement.
class FlowWarp final : public Warp {
 public:
  /// Error: a size out of range, a limit that is negative.
  explicit FlowWarp(const FlowOptions& options = {}, std::string name = {});

  std::string name() const override { return name_; }
  std::vector<std::string> parameters() const override;
  std::vector<Real> identity() const override {
    return std::vector<Real>(static_cast<std::size_t>(theta_size()));
  }
  Shape theta_shape() const override { return {options_.rows, options_.columns, 2}; }
  int theta_size() const override { return 2 * options_.rows * options_.columns; }

  void prepare(const Lanes* theta, Lanes* field) const override;
  void add_theta_grad(const Lanes* theta, const Lanes* dfield, Lanes* dtheta) const override;
  void row(const Lanes* field, Real y, std::span<const Real> xs, Lanes* out) const override;
  void add_row_grad(const Lanes* field, Real y, std::span<const Real> xs, const Lanes* drow,
                    Lanes* dfield) const override;
  Tensor grid(const Tensor& theta, const GridOptions& options) const override;
  double at_bounds(std::span<const Real> theta) const override;
  bool bends() const override { return true; }
  /// By second differences of the field, where it has three cells in a row.
  Tensor bending_energy(const Tensor& theta) const override;

  const FlowOptions& options() const { return options_; }

 private:
  FlowOptions options_;
  std::string name_;
};

}  // namespace fovea
