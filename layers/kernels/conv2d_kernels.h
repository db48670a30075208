// The inner loops of convolution over lanes: direct and blocked for registers. Used by conv2d.cpp
// and conv_pool.cpp; naive references are in tests/reference.h.
#pragma once

#include "core/native.h"
#include "layers/conv_geometry.h"

namespace fovea {

/// Whether each value is the sum of more products than one after the other can be added: of kernels
/// as large as an image.
inline bool has_long_sums(const ConvGeometry& g) {
  return g.taps() > 16384;
}

/// y = w * x + bias; bias may be null. `relu`: of that, what is not negative.
void conv_forward(const ConvGeometry& g, const Real* x, const Real* w, const Real* bias, bool relu,
                  Real* y);

/// y = relu(maximum over 2x2 windows of (w * x + bias)), [out, out_h / 2, out_w / 2]. Each lane of
/// `winners`, if not null, is set to which of its window's four values it took, row by row, or to
/// dead_window where the ReLU let nothing through. Not for long sums.
void conv_pool_forward(const ConvGeometry& g, const Real* x, const Real* w, const Real* bias,
                       Real* y, RealInt* winners);
inline constexpr int dead_window = 4;

/// Of the four values of a window the largest goes to y, and its number to winner if not null, as
/// conv_pool_forward() says.
[[gnu::always_inline]] inline void keep_winner(const Native* values, Real* y, RealInt* to) {
  Native best = values[0];
  NativeInts winner{};
#pragma GCC unroll 4
  for (int p = 1; p < 4; ++p) {
    const NativeInts better = (values[p] > best) | (values[p] != values[p]);
    best = better ? values[p] : best;
    winner = better ? p - NativeInts{} : winner;
  }
  const NativeInts dead = best <= 0;
  native(y) = dead ? Native{} : best;
  if (to) native(to) = dead ? dead_window - NativeInts{} : winner;
}

/// dw += the gradient of the weights, summed over positions and lanes, from `rows` rows of dy that
/// begin at output row `first_row`. dy_plane: elements from one channel of dy to the next.
void conv_weight_grad(const ConvGeometry& g, const Real* x, const Real* dy, int dy_plane,
                      int first_row, int rows, Real* dw);

/// dx += the gradient of the input, from the same rows.
void conv_input_grad(const ConvGeometry& g, const Real* w, const Real* dy, int dy_plane,
                     int first_row, int rows, Real* dx);

}  // namespace fovea
