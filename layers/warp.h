// Warp: what theta means. A spatial transformer is a localisation network -> theta -> coordinates
// -> sampler (Jaderberg et al. 2015); families of transforms differ in the map from theta and a
// point of the output to a point of the input, and this class is that map.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/autograd.h"
#include "core/long_sum.h"
#include "core/memory.h"
#include "core/tensor.h"

namespace fovea {

/// The output for which coordinates are wanted.
struct GridOptions {
  int height;
  int width;                   ///< size of the OUTPUT image
  bool align_corners = false;  ///< true: -1 and 1 are the centres of the corner pixels, not their
                               ///< outer edges; must match the sampler's
};

using WarpPoint = std::array<Real, 2>;  ///< (x, y), x to the right and y down, in [-1, 1]

/// A family of transforms. To add one, derive from this in a file of layers/warps/: name,
/// parameters, identity, and rows forward and back; everything else asks these. `theta` and the
/// coefficients below are arrays of lanes: element k of sixteen samples is one Lanes.
class Warp {
 public:
  virtual ~Warp() = default;

  virtual std::string name() const = 0;  ///< "similarity"
  /// What each element of theta is, in order: "shift_x", "scale"...
  virtual std::vector<std::string> parameters() const = 0;
  /// The theta that changes nothing: exactly, for any size.
  virtual std::vector<Real> identity() const = 0;
  /// Of one sample's theta; by default a vector.
  virtual Shape theta_shape() const { return {theta_size()}; }
  virtual int theta_size() const { return static_cast<int>(parameters().size()); }

  /// What rows are computed from, once for each theta: a matrix, the weights of a spline. By
  /// default theta itself.
  virtual int coefficient_count() const { return theta_size(); }
  virtual void prepare(const Lanes* theta, Lanes* coefficients) const;
  /// dtheta += the gradient of theta, given that of the coefficients.
  virtual void add_theta_grad(const Lanes* theta, const Lanes* dcoefficients, Lanes* dtheta) const;

  /// The input points (x, y) of the output points (xs[j], y): a row at a time, so that a grid need
  /// never exist as a whole. out: 2 * xs.size() Lanes.
  virtual void row(const Lanes* coefficients, Real y, std::span<const Real> xs,
                   Lanes* out) const = 0;
  /// dcoefficients += the share of that row, given the gradient of what row() assigned.
  virtual void add_row_grad(const Lanes* coefficients, Real y, std::span<const Real> xs,
                            const Lanes* drow, Lanes* dcoefficients) const = 0;

  /// The whole grid, per sample [height, width, 2], by operations that an exporter knows. By
  /// default warp_grid(), which none does.
  virtual Tensor grid(const Tensor& theta, const GridOptions& options) const;

  /// The theta that undoes `theta`, where this family has one: splines and flows have none. Error:
  /// not theta_size() values.
  virtual std::optional<std::vector<Real>> inverse(std::span<const Real> theta) const;

  /// The share of theta's elements that bounds hold and that have come within 2% of them, where
  /// hardly any gradient is left. By default 0: there are no bounds.
  virtual double at_bounds(std::span<const Real>) const { return 0; }

  /// Whether one transform of this family after another is one of it again.
  virtual bool composes() const { return false; }
  /// Where composes(), the theta of a map of a map: `outer` of `inner` of the point. Both are per
  /// sample, theta_size() elements; made of operations, so that gradients flow and exporters know
  /// it. Error for other families.
  virtual Tensor compose(const Tensor& outer, const Tensor& inner) const;

  /// Whether straight lines become curves, and bending_energy() is not always 0.
  virtual bool bends() const { return false; }
  /// Per sample []: the integral of the squared second derivatives of the displacement (dx, dy),
  /// f_xx^2 + 2 f_xy^2 + f_yy^2, in normalised coordinates. By default 0.
  virtual Tensor bending_energy(const Tensor& theta) const;

  /// Where the output point `at` looks in the input, for one sample's theta.
  WarpPoint map(std::span<const Real> theta, const WarpPoint& at) const;

 protected:
  void require_size(std::span<const Real> theta) const;  ///< Error: not theta_size() values
  /// Whether a determinant is 0 but for the rounding of theta, `terms` being the sum of the
  /// absolute values of the products that it is made of; or not finite.
  static bool is_singular(double determinant, double terms);
};

/// For every output pixel the place in the input to sample from, per sample [height, width, 2], the
/// last dimension (x, y). Throws Error when theta, per sample, has not warp.theta_size() elements.
/// `warp` must outlive the backward pass; traces show the operation as `op`.
Tensor warp_grid(const Warp& warp, const Tensor& theta, const GridOptions& options,
                 OpName op = "warp_grid");

/// A grid a row at a time, forward and back, for those who need each row only once.
class GridRows {
 public:
  /// Throws Error when theta or the size are no grid's. `warp` must outlive this.
  GridRows(const Warp& warp, const Tensor& theta, const GridOptions& options);

  /// The `width` pairs (x, y) of row `i`.
  void row(int i, Lanes* out) const;
  /// Takes the gradient of row `i` into account.
  void add_grad(int i, const Lanes* drow);
  /// dtheta += the gradient from all rows since the last call.
  void finish_grad(Lanes* dtheta);

 private:
  Real y_of(int row) const;
  void clear_coefficient_grad();

  const Warp* warp_;
  GridOptions options_;
  Tensor theta_;
  std::vector<Real, CacheAllocator<Real>> xs_;
  Buffer<Lanes> coefficients_, dcoefficients_;
  std::optional<WideSums<Lanes>> long_sums_;  // of large grids: see core/long_sum.h
};

/// Normalised coordinate of the centre of pixel `i` of `size`.
Real normalised_coordinate(int i, int size, bool align_corners);

}  // namespace fovea
