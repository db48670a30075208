// Convolution with fewer multiplications: Winograd's minimal filtering in the lane layout. A tile
// of the input becomes n x n values for each channel, the channels of each value are multiplied by
// the filters' as matrices, and what comes out becomes m x m outputs.
#pragma once

#include "core/lanes.h"
#include "layers/conv_geometry.h"
#include "layers/extent2.h"

namespace fovea {

/// m x m outputs of r x r taps from (m + r - 1)^2 products a channel.
struct WinogradForm {
  int outputs, taps;
  int values() const { return (outputs + taps - 1) * (outputs + taps - 1); }
  bool operator==(const WinogradForm&) const = default;
};

/// The forms that there are for a convolution: square kernels of 3, 5 and 7, stride 1, no dilation.
/// Writes up to two of them and returns how many.
int winograd_forms(const ConvGeometry& g, WinogradForm* forms);

/// A convolution of an input that is not padded: [in, height - 2 padding.h, width - 2 padding.w].
struct WinogradConv {
  ConvGeometry g;  // its height and width include the padding
  Extent2 padding;
  WinogradForm form;
};

/// Reals in the transformed weights.
long winograd_weight_count(const ConvGeometry& g, const WinogradForm& form);

/// The weights w, [out, in, r, r], transformed: once for all tiles of a step.
void winograd_weights(const ConvGeometry& g, const WinogradForm& form, const Real* w,
                      Real* transformed);

/// conv_forward() (conv2d_kernels.h), this way.
void winograd_forward(const WinogradConv& k, const Real* x, const Real* transformed,
                      const Real* bias, bool relu, Real* y);

/// conv_pool_forward(), the same way.
void winograd_pool_forward(const WinogradConv& k, const Real* x, const Real* transformed,
                           const Real* bias, Real* y, RealInt* winners);

/// dw += the gradient of the weights, for which x is read; dx += the gradient of the input, for
/// which the transformed weights are. Either may be null.
void winograd_grads(const WinogradConv& k, const Real* dy, const Real* x, Real* dw,
                    const Real* transformed, Real* dx);

/// The gradient behind the ReLU of winograd_forward(), which returned `outputs`.
struct RectifiedGradient {
  const Real* values;
  const Real* outputs;
};
void winograd_grads(const WinogradConv& k, const RectifiedGradient& dy, const Real* x, Real* dw,
                    const Real* transformed, Real* dx);

/// The gradient of what winograd_pool_forward() returned, [channels, height, width].
struct PooledGradient {
  const Real* values;
  const RealInt* winners;
  int channels, height, width;
};
void winograd_grads(const WinogradConv& k, const PooledGradient& dy, const Real* x, Real* dw,
                    const Real* transformed, Real* dx);

}  // namespace fovea
