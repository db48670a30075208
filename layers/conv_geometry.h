// Where a convolution reads and writes: plain numbers, for operations and kernels alike.
#pragma once

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

}  // namespace fovea
