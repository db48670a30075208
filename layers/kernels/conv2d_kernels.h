// The inner loops of convolution over lanes: direct and blocked for registers. Used by conv2d.cpp
// and conv_pool.cpp; naive references are in tests/reference.h.
#pragma once

#include "core/native.h"

namespace fovea {

/// One group of a convolution, its input already padded. Arrays hold lanes (16 Reals an element):
/// x [in, height, width], y and dy [out, out_h, out_w]; weights are shared [out, in, kernel_h,
/// kernel_w].
struct ConvGeometry {
  int in, out;
  int height, width;
  int kernel_h, kernel_w;
  int stride_h, stride_w;
  int dilation_h, dilation_w;
  int out_h, out_w;

  int taps() const { return in * kernel_h * kernel_w; }
  int positions() const { return out_h * out_w; }
  /// Element of x under tap (ic, ky, kx) of the output at (0, 0).
  int tap_offset(int tap) const {
    const int kx = tap % kernel_w, ky = tap / kernel_w % kernel_h, ic = tap / (kernel_w * kernel_h);
    return (ic * height + ky * dilation_h) * width + kx * dilation_w;
  }
  /// Element of x under tap 0 of an output position.
  int position_offset(int oy, int ox) const { return oy * stride_h * width + ox * stride_w; }
  /// The 2x2 pooling windows of the output, and the element of x under tap 0 of a window's first
  /// position.
  int windows() const { return (out_h / 2) * (out_w / 2); }
  int window_offset(int window) const {
    const int pooled_w = out_w / 2;
    return position_offset(window / pooled_w * 2, window % pooled_w * 2);
  }
};

/// y = w * x + bias; bias may be null.
void conv_forward(const ConvGeometry& g, const Real* x, const Real* w, const Real* bias, Real* y);

/// y = relu(maximum over 2x2 windows of (w * x + bias)), [out, out_h / 2, out_w / 2]. Each lane of
/// `winners`, if not null, is set to which of its window's four values it took, row by row, or to
/// dead_window where the ReLU let nothing through.
void conv_pool_forward(const ConvGeometry& g, const Real* x, const Real* w, const Real* bias,
                       Real* y, RealInt* winners);
inline constexpr int dead_window = 4;

/// dw += the gradient of the weights, summed over positions and lanes, from `rows` rows of dy that
/// begin at output row `first_row`. dy_plane: elements from one channel of dy to the next.
void conv_weight_grad(const ConvGeometry& g, const Real* x, const Real* dy, int dy_plane,
                      int first_row, int rows, Real* dw);

/// dx += the gradient of the input, from the same rows.
void conv_input_grad(const ConvGeometry& g, const Real* w, const Real* dy, int dy_plane,
                     int first_row, int rows, Real* dx);

}  // namespace fovea
