// Convolution, 2x2 max pooling and ReLU in one pass.
#pragma once

#include "layers/conv2d.h"
#include "layers/max_pool2d.h"

namespace fovea {

/// relu(max_pool2d(conv2d(x, ...))), with the values of that chain. For the usual pooling (2x2
/// windows side by side, no padding) of a convolution with one group, windows are reduced while
/// they are in registers: the convolution's output, the largest array of a network, never exists.
/// Other options run as the three operations. A chain of these layers (layers/chain.h) runs so by
/// itself.
Tensor conv_pool_relu(const Tensor& x, const Tensor& weight, const Tensor& bias,
                      const Conv2dOptions& conv, const MaxPool2dOptions& pool);

}  // namespace fovea
