// Gradient clipping: an explicit call between train_step() and Optimizer::step().
#pragma once

#include <span>

#include "core/tensor.h"

namespace fovea {

/// The Euclidean norm of the gradients of all these parameters together, as one vector; parameters
/// without a gradient count as zero. NaN or infinite when a gradient is: the cheap check to make
/// before a step. Sums in double, in a fixed order (sixteen partial sums a tensor, then a tree,
/// then tensor by tensor), so the result has the same bits in every run.
double grad_norm(std::span<const Tensor> parameters);

/// Scales the gradients in place by min(1, max_norm / (norm + 1e-6)), and returns the norm before;
/// torch.nn.utils.clip_grad_norm_. A norm that is not finite leaves the gradients as they are
/// (where PyTorch spreads the NaN), so that the caller can say which one is bad. An infinite
/// `max_norm` only measures. Error: max_norm negative or NaN.
double clip_grad_norm(std::span<const Tensor> parameters, double max_norm);

/// Limits every gradient value to [-limit, limit], in place; NaN stays NaN.
/// torch.nn.utils.clip_grad_value_. Error: limit negative or NaN.
void clip_grad_value(std::span<const Tensor> parameters, double limit);

}  // namespace fovea
