// Convolution, pooling and sampling once more, written to be obviously right: one sample, one
// channel, one pixel at a time, in double precision. The fast layers are tested against these.
#pragma once

#include "layers/affine_grid.h"
#include "layers/conv2d.h"
#include "layers/grid_sample.h"
#include "layers/max_pool2d.h"

namespace fovea::testing::reference {

/// Element [c, y, x] of one sample of a per-sample tensor of rank 3.
Real& at(const Tensor& t, int lane, int c, int y, int x);

/// conv2d() and its gradients for the cotangent `dy`.
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& o);
Tensor conv2d_input_grad(const Tensor& dy, const Tensor& weight, const Shape& x_shape,
                         const Conv2dOptions& o);
Tensor conv2d_weight_grad(const Tensor& dy, const Tensor& x, const Conv2dOptions& o);
Tensor conv2d_bias_grad(const Tensor& dy);

/// max_pool2d() and its gradient. A stride of 0 means the kernel's size.
Tensor max_pool2d(const Tensor& x, const MaxPool2dOptions& o);
Tensor max_pool2d_grad(const Tensor& dy, const Tensor& x, const MaxPool2dOptions& o);

/// y = weight * x + bias.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias);

Tensor affine_grid(const Tensor& theta, const AffineGridOptions& o);
Tensor grid_sample(const Tensor& x, const Tensor& grid, const GridSampleOptions& o);

}  // namespace fovea::testing::reference

namespace fovea::testing {

/// Random whole numbers from -size to size: sums of their products are exact in single precision,
/// in any order.
Tensor random_integers(const Shape& shape, bool per_sample, int seed, int size = 3);

/// The largest absolute difference of two tensors of one kind and shape; infinity if those differ
/// or one value is NaN and the other not.
double difference(const Tensor& a, const Tensor& b);

}  // namespace fovea::testing
