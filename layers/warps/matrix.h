// Families whose transform is a matrix, M (x, y, 1): affine and its subgroups.
#pragma once

#include "layers/warp.h"

namespace fovea {

/// Every element of the 2x3 matrix is a constant or plus or minus one element of theta, so a
/// subgroup of the affine transforms is told by a table.
class MatrixWarp : public Warp {
 public:
  std::string name() const override { return form_.name; }
  std::vector<std::string> parameters() const override { return form_.parameters; }
  std::vector<Real> identity() const override { return form_.identity; }
  int theta_size() const override { return static_cast<int>(form_.identity.size()); }
  int coefficient_count() const override { return 6; }
  void prepare(const Lanes* theta, Lanes* matrix) const override;
  void add_theta_grad(const Lanes* theta, const Lanes* dmatrix, Lanes* dtheta) const override;
  void row(const Lanes* matrix, Real y, std::span<const Real> xs, Lanes* out) const override;
  void add_row_grad(const Lanes* matrix, Real y, std::span<const Real> xs, const Lanes* drow,
                    Lanes* dmatrix) const override;
  /// affine_grid() of the matrix.
  Tensor grid(const Tensor& theta, const GridOptions& options) const override;
  /// None where the matrix is singular or not finite.
  std::optional<std::vector<Real>> inverse(std::span<const Real> theta) const override;

  bool composes() const override { return true; }
  Tensor compose(const Tensor& outer, const Tensor& inner) const override;

  /// The matrix of one sample's theta, row-major.
  virtual std::array<double, 6> matrix(std::span<const Real> theta) const;

 protected:
  static constexpr int constant = -1;
  struct Element {
    int theta;    ///< index, or `constant`
    Real factor;  ///< of that element of theta; the constant itself
  };
  struct Form {
    std::string name;
    std::vector<std::string> parameters;
    std::vector<Real> identity;
    std::array<Element, 6> matrix;
  };
  explicit MatrixWarp(Form form) : form_(std::move(form)) {}

 private:
  Form form_;
};

}  // namespace fovea
