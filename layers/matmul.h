// Matrix products.
#pragma once

#include "core/tensor.h"

namespace fovea {

/// a [m, k] times b [k, n] is [m, n]. As in numpy, a first operand [k] is a row and a second one
/// [k] a column, whose dimension the result lacks. Either operand may be shared or per sample; the
/// result is shared only if both are. Products with a shared operand are GEMMs over all samples at
/// once. Throws when the inner dimensions differ or a rank is not 1 or 2.
Tensor matmul(const Tensor& a, const Tensor& b);

}  // namespace fovea
