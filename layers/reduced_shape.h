// What a reduction over dimensions leaves of a shape.
#pragma once

#include <initializer_list>

#include "core/attributes.h"
#include "core/tensor.h"

namespace fovea::detail {

struct Reduced {
  Shape kept;                ///< reduced dimensions as 1
  Shape result;              ///< without them, unless they shall stay
  Attribute::Integers dims;  ///< none of a scalar
  bool keepdim = false;
};

/// Throws Error naming `op` for a dimension that does not exist or is given twice.
Reduced reduced_shape(const char* op, const Tensor& x, std::initializer_list<int> dims,
                      bool keepdim);

/// Over all dimensions.
Reduced reduced_to_scalar(const Tensor& x);

}  // namespace fovea::detail
