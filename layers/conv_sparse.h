// The backward pass of convolution + pooling + ReLU, spent only on the gradients that are not zero.
#pragma once

#include "core/lanes.h"
#include "layers/conv2d_kernels.h"

namespace fovea {

/// Pooling passes one value in four on, the ReLU about half of those, and dropout half of the rest:
/// most of the gradient of the convolution's output is exactly zero, in other places for each
/// sample. Adds the same gradients as the dense kernels do, sample by sample, one product of a
/// patch for every gradient that is left. x, dy and winners as in conv_pool_forward; dw and dx may
/// be null. Sets dw, dx or both to null where it has added them; it leaves to the dense kernels
/// what they do faster (dilation, or many gradients left).
void conv_pool_sparse_grads(const ConvGeometry& g, const Lanes* x, const Real* w, const Lanes* dy,
                            const LaneInts* winners, Real*& dw, Lanes*& dx);

/// dw += the gradient of the weights; kernels without dilation.
void conv_sparse_weight_grad(const ConvGeometry& g, const Lanes* x, const Lanes* dy,
                             const LaneInts* winners, Real* dw);

/// dx += the gradient of the input; kernels without dilation. The first does all samples at once,
/// whatever is zero; the second each by itself.
void conv_pool_input_grad(const ConvGeometry& g, const Real* w, const Lanes* dy,
                          const LaneInts* winners, Lanes* dx);
void conv_sparse_input_grad(const ConvGeometry& g, const Real* w, const Lanes* dy,
                            const LaneInts* winners, Lanes* dx);

}  // namespace fovea
