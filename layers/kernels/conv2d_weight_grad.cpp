// The gradient of a convolution's weights: a block of them stays in registers while all positions
// of all samples pass by.
#include <algorithm>

#include "core/long_sum.h"
#include "layers/kernels/conv2d_kernels.h"

namespace fovea {

namespace {

constexpr bool many_registers = register_count >= 32;

// O output channels x T taps in registers, summed over positions and lanes.
constexpr int weight_channels = many_registers ? 5 : 2;
constexpr int weight_taps = many_registers ? 5 : 6;

template <int O, int T>
[[gnu::noinline]] void weight_block(const ConvGeometry& g, const Real* const* x, const Real* dy,
                                    int dy_plane, int rows, int columns, Real* dw) {
  Native acc[(O * T + native_width - 1) / native_width * native_width] = {};
  const long plane = static_cast<long>(dy_plane) * lane_count;
  const long x_step = static_cast<long>(g.stride_w) * lane_count;
  const long x_row = static_cast<long>(g.stride_h) * g.width * lane_count;
  for (int row = 0; row < rows; ++row)
    for (int part = 0; part < lane_count; part += native_width) {
      const Real* xs[T];
#pragma GCC unroll 8
      for (int t = 0; t < T; ++t) xs[t] = x[t] + row * x_row + part;
      const Real* dys = dy + static_cast<long>(row) * g.out_w * lane_count + part;
      const Real* const end = dys + static_cast<long>(columns) * lane_count;
      for (long i = 0; dys < end; dys += lane_count, i += x_step) {
        Native d[O];
#pragma GCC unroll 8
        for (int o = 0; o < O; ++o) d[o] = native(dys + o * plane);
#pragma GCC unroll 8
        for (int t = 0; t < T; ++t) {
          const Native in = in_register(native(xs[t] + i));
#pragma GCC unroll 8
          for (int o = 0; o < O; ++o) acc[o * T + t] += d[o] * in;
        }
      }
    }
  Real sums[O * T] = {};
  add_sums(acc, O * T, sums);
  for (int o = 0; o < O; ++o)
    for (int t = 0; t < T; ++t) dw[static_cast<long>(o) * g.taps() + t] += sums[o * T + t];
}

void add_weight_grad(const ConvGeometry& g, const Real* x, const Real* dy, int dy_plane, int rows,
                     int columns, Real* dw) {
  for_each_block<weight_channels>(g.out, [&](int o, auto channels) {
    const Real* dys = dy + static_cast<long>(o) * dy_plane * lane_count;
    for_each_block<weight_taps>(g.taps(), [&](int tap, auto taps) {
      const Real* xs[taps];
      for (int t = 0; t < taps; ++t)
        xs[t] = x + static_cast<long>(g.tap_offset(tap + t)) * lane_count;
      weight_block<channels, taps>(g, xs, dys, dy_plane, rows, columns,
                                   dw + static_cast<long>(o) * g.taps() + tap);
    });
  });
}

}  // namespace

void conv_weight_grad(const ConvGeometry& g, const Real* x, const Real* dy, int dy_plane,
                      int first_row, int rows, Real* dw) {
  x += static_cast<long>(g.position_offset(first_row, 0)) * lane_count;
  const int block = sum_block(rows * g.out_w);
  if (rows * g.out_w <= block) return add_weight_grad(g, x, dy, dy_plane, rows, g.out_w, dw);
  // Many positions, in bands: of some rows, or of a part of one.
  const int weights = g.out * g.taps(), band = std::max(1, block / g.out_w);
  const WideSums<Real> sums(weights);
  const Buffer<Real> of_band(static_cast<std::size_t>(weights));
  for (int row = 0; row < rows; row += band)
    for (int column = 0; column < g.out_w; column += block) {
      std::fill_n(of_band.data(), weights, Real(0));
      const int columns = std::min(block, g.out_w - column);
      add_weight_grad(g, x + static_cast<long>(g.position_offset(row, column)) * lane_count,
                      dy + (static_cast<long>(row) * g.out_w + column) * lane_count, dy_plane,
                      std::min(band, rows - row), columns, of_band.data());
      for (int i = 0; i < weights; ++i) sums[i].add(of_band[i]);
    }
  for (int i = 0; i < weights; ++i) dw[i] += sums[i].value();
}

}  // namespace fovea
