// What each way to compute a convolution costs: cycles of one core for a tile of sixteen samples,
// about. Pure functions of sizes and counts, so that every run decides alike.
#pragma once

#include "layers/kernels/winograd.h"

namespace fovea {

enum class ConvPass { forward, input_grad, weight_grad };

/// The direct kernels (conv2d_kernels.h).
double direct_cost(ConvPass pass, const ConvGeometry& g);
/// Winograd's (winograd.h), without the weights' transform, which is made once a step.
double winograd_cost(ConvPass pass, const ConvGeometry& g, const WinogradForm& form);

// Behind 2x2 pooling (conv_pool_grads.h). `entries`: gradients of all samples that are not zero.
double pooled_input_cost(const ConvGeometry& g);
double sparse_input_cost(const ConvGeometry& g, double entries);
double sparse_weight_cost(const ConvGeometry& g, double entries);

}  // namespace fovea
