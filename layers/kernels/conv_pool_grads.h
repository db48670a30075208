// The backward pass of convolution + 2x2 pooling + ReLU. Pooling passes one value in four on, the
// ReLU about half of those, and dropout half of the rest: most of the gradient of the convolution's
// output is exactly zero, in other places for each sample.
#pragma once

#include "core/lanes.h"
#include "layers/kernels/conv2d_kernels.h"

namespace fovea {

/// Adds the gradients of weights and input in the fastest way, which depends on the layer and on
/// how many gradients are zero; the same gradients whichever it is. x, dy and winners as in
/// conv_pool_forward; dw and dx may be null. Sets dw, dx or both to null where it has added them;
/// it leaves to the kernels of the convolution alone what they do faster (or dilated).
void conv_pool_grads(const ConvGeometry& g, const Lanes* x, const Real* w, const Lanes* dy,
                     const LaneInts* winners, Real*& dw, Lanes*& dx);

// The ways, for kernels without dilation. Sparse ones spend one product of a patch on every
// gradient that is not zero, sample by sample; the other one does all samples at once.

/// dw += the gradient of the weights.
void conv_sparse_weight_grad(const ConvGeometry& g, const Lanes* x, const Lanes* dy,
                             const LaneInts* winners, Real* dw);
/// dx += the gradient of the input.
void conv_sparse_input_grad(const ConvGeometry& g, const Real* w, const Lanes* dy,
                            const LaneInts* winners, Lanes* dx);
void conv_pool_input_grad(const ConvGeometry& g, const Real* w, const Lanes* dy,
                          const LaneInts* winners, Lanes* dx);

}  // namespace fovea
