// Elementary functions, element by element; tensors of either kind. Outside of a function's domain
// the result is what C gives: NaN or an infinity (FOVEA_CHECK_FINITE=1 finds where).
#pragma once

#include "core/tensor.h"

namespace fovea {

Tensor exp(const Tensor& x);
Tensor log(const Tensor& x);   ///< natural logarithm
Tensor sqrt(const Tensor& x);  ///< the gradient at 0 is infinite
Tensor abs(const Tensor& x);   ///< the gradient at 0 is 0
Tensor sin(const Tensor& x);   ///< of radians, as cos
Tensor cos(const Tensor& x);

/// x to the power of a constant. Where x < 0 the exponent must be an integer, or NaN results.
Tensor power(const Tensor& x, Real exponent);

/// x limited to [low, high]; elements beyond have gradient 0. Throws if low > high.
Tensor clamp(const Tensor& x, Real low, Real high);

Tensor sigmoid(const Tensor& x);  ///< 1 / (1 + exp(-x))
Tensor tanh(const Tensor& x);

}  // namespace fovea
