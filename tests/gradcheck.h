// Gradient checks: the analytic gradient of an operation against central differences.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/tensor.h"

namespace fovea::testing {

/// The operation under test. It must give the same result for the same inputs: one with random
/// draws calls seed_lane_random() first.
using TensorFunction = std::function<Tensor(std::span<const Tensor>)>;

struct GradCheckOptions {
#ifdef FOVEA_DOUBLE
  double eps = 1e-6;        ///< step of the differences
  double tolerance = 1e-6;  ///< allowed error, relative
  double absolute = 1e-7;   ///< and absolute, added
#else
  double eps = 1e-2;  // single precision: a smoke test, `make gradcheck` is the real one
  double tolerance = 2e-2;
  double absolute = 2e-2;
#endif
};

/// Checks the gradient of every element of every input (and, of per-sample inputs, of a lane that
/// changes from element to element) for a random cotangent over all elements and lanes of the
/// output. Backward runs with gradients that hold random values, to prove that it adds; with
/// gradients of NaN in a GradientStore, to prove that it assigns where they are fresh; and with one
/// input at a time wanting a gradient. A failure of the running test names op, input, element,
/// lane, analytic and numeric value. Inputs are to stay away from kinks; they are not changed.
void check_gradients(const std::string& op, const TensorFunction& function,
                     const std::vector<Tensor>& inputs, const GradCheckOptions& options = {});

/// The same, without failing the test: the text of the first failure, or "".
std::string gradient_error(const std::string& op, const TensorFunction& function,
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
