// Gradient checks for operations and layers of your own: what backward gives, against differences.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "layers/module.h"

namespace fovea {

/// The operation under test. It must give the same result for the same inputs: one with random
/// draws calls seed_lane_random() first.
using TensorFunction = std::function<Tensor(std::span<const Tensor>)>;

struct GradCheckOptions {
#ifdef FOVEA_DOUBLE
  double eps = 1e-6;        ///< step of the differences
  double tolerance = 1e-6;  ///< allowed error, relative
  double absolute = 1e-7;   ///< and absolute, added
#else
  double eps = 1e-2;  // single precision finds wrong formulas; `make gradcheck` is in double
  double tolerance = 2e-2;
  double absolute = 2e-2;
#endif
};

/// As torch.autograd.gradcheck: the gradient of every element of every input (and, of per-sample
/// inputs, of a lane that changes from element to element) for a random cotangent over all elements
/// and lanes of the output. Backward runs with gradients that hold random values, to prove that it
/// adds; with gradients of NaN in a GradientStore, to prove that it assigns where they are fresh;
/// and with one input at a time wanting a gradient. Inputs are to stay away from kinks; they are
/// not changed. Throws Error naming op, input, element, lane, analytic and numeric value.
void gradcheck(const std::string& op, const TensorFunction& function,
               const std::vector<Tensor>& inputs, const GradCheckOptions& options = {});

/// The same for a layer: of its input, per sample, and of all its parameters, whose values and
/// gradients are as before afterwards. What it draws at random it draws alike each time.
void gradcheck(const Module& layer, const Tensor& x, const GradCheckOptions& options = {});
/// The same for an input of this shape, of random_nonzero() values.
void gradcheck(const Module& layer, const Shape& shape, const GradCheckOptions& options = {});

/// As gradcheck() without throwing: the text of the first failure, or "".
std::string gradient_error(const std::string& op, const TensorFunction& function,
                           const std::vector<Tensor>& inputs, const GradCheckOptions& options = {});

/// A tensor of random values of either sign, 0.2 to 1 in size: away from a kink at 0. `seed` tells
/// tensors apart.
Tensor random_nonzero(const Shape& shape, bool per_sample, int seed = 1);

}  // namespace fovea
