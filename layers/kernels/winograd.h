// Convolution with fewer multiplications: Winograd's minimal filtering in the lane layout. A tile
// of the input becomes n x n values for each channel, the channels of each value are multiplied by
// the filters' as matrices, and what comes out becomes m x m outputs.
#pragma once

#include "core/lanes.h"
#include "layers/conv_geometry.h"

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

/// Reals in the transformed weights.
long winograd_weight_count(const ConvGeometry& g, const WinogradForm& form);

/// The weights w, [out, in, r, r], transformed: once for all tiles of a step.
void winograd_weights(const ConvGeometry& g, const WinogradForm& form, const Real* w,
                      Real* transformed);

/// y = w * x + bias; bias may be null.
void winograd_forward(const ConvGeometry& g, const WinogradForm& form, const Real* x,
                      const Real* transformed, const Real* bias, Real* y);

/// conv_pool_forward() (conv2d_kernels.h), the same way.
void winograd_pool_forward(const ConvGeometry& g, const WinogradForm& form, const Real* x,
                           const Real* transformed, const Real* bias, Real* y, RealInt* winners);

/// dx += the gradient of the input, [in, height - 2 padding_h, width - 2 padding_w]: what lies in
/// the padding is left out.
void winograd_input_grad(const ConvGeometry& g, const WinogradForm& form, int padding_h,
                         int padding_w, const Real* transformed, const Real* dy, Real* dx);

/// dw += the gradient of the weights.
void winograd_weight_grad(const ConvGeometry& g, const WinogradForm& form, const Real* x,
                          const Real* dy, Real* dw);

}  // namespace fovea
