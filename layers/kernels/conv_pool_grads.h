// The backward pass of convolution + 2x2 pooling + ReLU. Pooling passes one value in four on, the
// ReLU about half of those, and dropout half of the rest: most of the gradient of the convolution's
// output is exactly zero, in other places for each sample.
#pragma once

#include "core/lanes.h"
#include "layers/kernels/conv2d_kernels.h"

namespace fovea {

/// How to compute the gradients, which depends on the layer and on how many gradients are zero;
/// they are the same whichever way. Dense: by the kernels of the convolution alone.
struct PooledGradWays {
  bool sparse_weights = false;
  enum { dense, pooled, sparse } input = dense;
};
/// dy and winners as in conv_pool_forward.
PooledGradWays pooled_grad_ways(const ConvGeometry& g, const Lanes* dy, const LaneInts* winners,
                                bool of_weights, bool of_input);

// The ways, for kernels without dilation, x and dx being padded. Sparse ones spend one product of a
// patch on every gradient that is not zero, sample by sample; the other one does all samples at
// once.

/// dw += the gradient of the weights.
void conv_sparse_weight_grad(const ConvGeometry& g, const Lanes* x, const Lanes* dy,
                             const LaneInts* winners, Real* dw);
/// dx += the gradient of the input.
void conv_sparse_input_grad(const ConvGeometry& g, const Real* w, const Lanes* dy,
                            const LaneInts* winners, Lanes* dx);
void conv_pool_input_grad(const ConvGeometry& g, const Real* w, const Lanes* dy,
                          const LaneInts* winners, Lanes* dx);

}  // namespace fovea
