// Sums and means over elements of a sample (never over samples: train_step does that).
#pragma once

#include <initializer_list>

#include "core/tensor.h"

namespace fovea {

/// The sum of all elements, shape []; of the kind of x.
Tensor sum(const Tensor& x);

/// The sum over the given dimensions (-1 is the last), which disappear from the shape, or stay as
/// 1 with `keepdim`. Throws for a dimension that does not exist or is given twice.
Tensor sum(const Tensor& x, std::initializer_list<int> dims, bool keepdim = false);

/// The same for the mean; throws for a mean over no elements.
Tensor mean(const Tensor& x);
Tensor mean(const Tensor& x, std::initializer_list<int> dims, bool keepdim = false);

}  // namespace fovea
