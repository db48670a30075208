// Gradient checks (layers/gradcheck.h) as assertions, and random inputs for them.
#pragma once

#include <string>
#include <vector>

#include "layers/gradcheck.h"

namespace fovea::testing {

/// gradient_error() as an assertion of the running test.
void check_gradients(const std::string& op, const TensorFunction& function,
                     const std::vector<Tensor>& inputs, const GradCheckOptions& options = {});

enum class Kind { shared, per_sample };

/// Random values, uniform in [low, high); `seed` tells tensors apart.
Tensor random_tensor(const Shape& shape, Kind kind, int seed = 1, double low = -1, double high = 1);

/// Random values of either sign, 0.2 to 1 in size: away from a kink at 0.
Tensor random_nonzero(const Shape& shape, Kind kind, int seed = 1);

/// Random values of which no two are closer than 0.02, in one lane: away from the kinks of a
/// maximum.
Tensor random_distinct(const Shape& shape, Kind kind, int seed = 1);

}  // namespace fovea::testing
