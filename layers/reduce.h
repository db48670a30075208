// Sums, means and extrema over elements of a sample (never over samples: train_step does that).
#pragma once

#include <initializer_list>

#include "core/tensor.h"

namespace fovea {

/// The sum of all elements, shape []; of the kind of x.
Tensor sum(const Tensor& x);

/// The sum over the given dimensions (-1 is the last), which disappear from the shape, or stay as
/// 1 with `keepdim`. A scalar has the dimensions 0 and -1, which change nothing. Throws for a
/// dimension that does not exist or is given twice.
Tensor sum(const Tensor& x, std::initializer_list<int> dims, bool keepdim = false);

/// The same for the mean; throws for a mean over no elements.
Tensor mean(const Tensor& x);
Tensor mean(const Tensor& x, std::initializer_list<int> dims, bool keepdim = false);

/// The largest values along a dimension and where they are.
struct Extremum {
  Tensor values;
  Tensor indices;  ///< the first of equal ones, as numbers; without gradient
};

/// The largest (smallest) values along `dim`, which disappears from the shape, or stays as 1 with
/// `keepdim`; the element at `indices` takes the gradient. A NaN wins. Throws for a dimension that
/// does not exist or has no elements.
Extremum max(const Tensor& x, int dim, bool keepdim = false);
Extremum min(const Tensor& x, int dim, bool keepdim = false);

/// Their indices alone.
Tensor argmax(const Tensor& x, int dim, bool keepdim = false);
Tensor argmin(const Tensor& x, int dim, bool keepdim = false);

/// The largest (smallest) values over the given dimensions or over all; equal ones share the
/// gradient evenly. Errors as for sum, and for no elements.
Tensor amax(const Tensor& x);
Tensor amax(const Tensor& x, std::initializer_list<int> dims, bool keepdim = false);
Tensor amin(const Tensor& x);
Tensor amin(const Tensor& x, std::initializer_list<int> dims, bool keepdim = false);

}  // namespace fovea
