// The gradient of a convolution's weights: a block of them stays in registers while all positions
// of all samples pass by.
#include <algorithm>

#include "core/memory.h"
#include "layers/conv2d_kernels.h"

namespace fovea {

namespace {

constexpr bool many_registers = register_count >= 32;

// O output channels x T taps in registers, summed over positions and lanes.
constexpr int weight_channels = many_registers ? 5 : 3;
constexpr int weight_taps = many_registers ? 5 : 3;

template <int O, int T>
void weight_block(const ConvGeometry& g, const Real* const* x, const Real* dy, int dy_plane,
                  int rows, Real* dw) {
  Native acc[(O * T + native_width - 1) / native_width * native_width] = {};
  const long plane = static_cast<long>(dy_plane) * lane_count;
  const long x_step = static_cast<long>(g.stride_w) * lane_count;
  const long x_row = static_cast<long>(g.stride_h) * g.width * lane_count;
  for (int part = 0; part < lane_count; part += native_width) {
    for (int row = 0; row < rows; ++row) {
      const Real* xs[T];
#pragma GCC unroll 8
      for (int t = 0; t < T; ++t) xs[t] = x[t] + row * x_row + part;
      const Real* dys = dy + static_cast<long>(row) * g.out_w * lane_count + part;
      const Real* const end = dys + static_cast<long>(g.out_w) * lane_count;
      for (long i = 0; dys < end; dys += lane_count, i += x_step) {
        Native d[O];
#pragma GCC unroll 8
        for (int o = 0; o < O; ++o) d[o] = native(dys + o * plane);
#pragma GCC unroll 8
        for (int t = 0; t < T; ++t) {
          const Native in = native(xs[t] + i);
#pragma GCC unroll 8
          for (int o = 0; o < O; ++o) acc[o * T + t] += d[o] * in;
        }
      }
    }
  }
  Real sums[O * T] = {};
  add_sums(acc, O * T, sums);
  for (int o = 0; o < O; ++o)
    for (int t = 0; t < T; ++t) dw[static_cast<long>(o) * g.taps() + t] += sums[o * T + t];
}

template <int O>
void weight_channels_block(const ConvGeometry& g, const Real* x, const long* offsets,
                           const Real* dy, int dy_plane, int rows, Real* dw) {
  for (int tap = 0; tap < g.taps(); tap += weight_taps) {
    const int count = std::min(weight_taps, g.taps() - tap);
    const Real* xs[weight_taps];
    for (int t = 0; t < count; ++t) xs[t] = x + offsets[tap + t];
    const auto run = [&](auto kernel) { kernel(g, xs, dy, dy_plane, rows, dw + tap); };
    switch (count) {
      case 1: run(weight_block<O, 1>); break;
      case 2: run(weight_block<O, 2>); break;
      case 3: run(weight_block<O, 3>); break;
      case 4: run(weight_block<O, 4>); break;
      default: run(weight_block<O, 5>); break;
    }
  }
}

}  // namespace

void conv_weight_grad(const ConvGeometry& g, const Real* x, const Real* dy, int dy_plane,
                      int first_row, int rows, Real* dw) {
  x += static_cast<long>(g.position_offset(first_row, 0)) * lane_count;
  const Buffer<long> offsets(g.taps());
  for (int tap = 0; tap < g.taps(); ++tap)
    offsets[tap] = static_cast<long>(g.tap_offset(tap)) * lane_count;
  const int blocks = (g.out + weight_channels - 1) / weight_channels;
  for (int b = 0, o = 0; b < blocks; ++b) {
    const int count = (g.out - o + blocks - b - 1) / (blocks - b);
    const auto run = [&](auto kernel) {
      kernel(g, x, offsets.data(), dy + static_cast<long>(o) * dy_plane * lane_count, dy_plane,
             rows, dw + static_cast<long>(o) * g.taps());
    };
    switch (count) {
      case 1: run(weight_channels_block<1>); break;
      case 2: run(weight_channels_block<2>); break;
      case 3: run(weight_channels_block<3>); break;
      case 4: run(weight_channels_block<4>); break;
      default: run(weight_channels_block<5>); break;
    }
    o += count;
  }
}

}  // namespace fovea
