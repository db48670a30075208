#include "layers/conv2d_kernels.h"

#include <algorithm>

namespace fovea {

namespace {

constexpr bool many_registers = register_count >= 32;

// Forward: O output channels x P positions in registers; a tap costs O + P loads for O * P
// multiply-adds.
constexpr int forward_channels = many_registers ? 6 : 3;
constexpr int forward_positions = 4;

template <int O, int P>
void forward_block(const ConvGeometry& g, const Real* const* x, const Real* w, const Real* bias,
                   Real* const* y) {
  const int taps = g.taps();
  for (int part = 0; part < lane_count; part += native_width) {
    Native acc[O][P];
#pragma GCC unroll 8
    for (int o = 0; o < O; ++o)
#pragma GCC unroll 8
      for (int p = 0; p < P; ++p)
        acc[o][p] =
            Native{};  // the bias comes last, as in PyTorch: it decides ties (grid_sample.cpp)
    const Real* weight = w;
    for (int ic = 0; ic < g.in; ++ic)
      for (int ky = 0; ky < g.kernel_h; ++ky) {
        const long row = (static_cast<long>(ic) * g.height + ky * g.dilation_h) * g.width;
        const Real* xs[P];
#pragma GCC unroll 8
        for (int p = 0; p < P; ++p)
          xs[p] = x[p] + row * lane_count + part;
        const long step = static_cast<long>(g.dilation_w) * lane_count;
        for (long k = 0, end = g.kernel_w * step; k < end; k += step, ++weight) {
          Native in[P];
#pragma GCC unroll 8
          for (int p = 0; p < P; ++p)
            in[p] = native(xs[p] + k);
#pragma GCC unroll 8
          for (int o = 0; o < O; ++o) {
            const Native wo = weight[static_cast<long>(o) * taps] - Native{};
#pragma GCC unroll 8
            for (int p = 0; p < P; ++p)
              acc[o][p] += wo * in[p];
          }
        }
      }
#pragma GCC unroll 8
    for (int o = 0; o < O; ++o)
#pragma GCC unroll 8
      for (int p = 0; p < P; ++p)
        native(y[p] + static_cast<long>(o) * g.positions() * lane_count + part) =
            acc[o][p] + (bias ? bias[o] : Real(0));
  }
}

template <int P>
void forward_positions_block(const ConvGeometry& g, int first, const Real* x, const Real* w,
                             const Real* bias, Real* y) {
  const Real* xs[P];
  Real* ys[P];
  for (int p = 0; p < P; ++p) {
    const int oy = (first + p) / g.out_w, ox = (first + p) % g.out_w;
    xs[p] = x + static_cast<long>(g.position_offset(oy, ox)) * lane_count;
    ys[p] = y + static_cast<long>(first + p) * lane_count;
  }
  const int blocks = (g.out + forward_channels - 1) / forward_channels;
  for (int b = 0, o = 0; b < blocks; ++b) {
    const int count = (g.out - o + blocks - b - 1) / (blocks - b);
    const auto run = [&](auto kernel) {
      kernel(g, xs, w + static_cast<long>(o) * g.taps(), bias ? bias + o : nullptr, ys);
    };
    switch (count) {
      case 1:
        run(forward_block<1, P>);
        break;
      case 2:
        run(forward_block<2, P>);
        break;
      case 3:
        run(forward_block<3, P>);
        break;
      case 4:
        run(forward_block<4, P>);
        break;
      case 5:
        run(forward_block<5, P>);
        break;
      default:
        run(forward_block<6, P>);
        break;
    }
    o += count;
    for (Real*& out : ys)
      out += static_cast<long>(count) * g.positions() * lane_count;
  }
}

}  // namespace

void conv_forward(const ConvGeometry& g, const Real* x, const Real* w, const Real* bias, Real* y) {
  int position = 0;
  for (; position + forward_positions <= g.positions(); position += forward_positions)
    forward_positions_block<forward_positions>(g, position, x, w, bias, y);
  for (; position < g.positions(); ++position)
    forward_positions_block<1>(g, position, x, w, bias, y);
}

namespace {

// Weight gradient: O output channels x T taps in registers, summed over positions and lanes.
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
      for (int t = 0; t < T; ++t)
        xs[t] = x[t] + row * x_row + part;
      const Real* dys = dy + static_cast<long>(row) * g.out_w * lane_count + part;
      const Real* const end = dys + static_cast<long>(g.out_w) * lane_count;
      for (long i = 0; dys < end; dys += lane_count, i += x_step) {
        Native d[O];
#pragma GCC unroll 8
        for (int o = 0; o < O; ++o)
          d[o] = native(dys + o * plane);
#pragma GCC unroll 8
        for (int t = 0; t < T; ++t) {
          const Native in = native(xs[t] + i);
#pragma GCC unroll 8
          for (int o = 0; o < O; ++o)
            acc[o * T + t] += d[o] * in;
        }
      }
    }
  }
  Real sums[O * T] = {};
  add_sums(acc, O * T, sums);
  for (int o = 0; o < O; ++o)
    for (int t = 0; t < T; ++t)
      dw[static_cast<long>(o) * g.taps() + t] += sums[o * T + t];
}

template <int O>
void weight_channels_block(const ConvGeometry& g, const Real* x, const Real* dy, int dy_plane,
                           int rows, Real* dw) {
  for (int tap = 0; tap < g.taps(); tap += weight_taps) {
    const int count = std::min(weight_taps, g.taps() - tap);
    const Real* xs[weight_taps];
    for (int t = 0; t < count; ++t)
      xs[t] = x + static_cast<long>(g.tap_offset(tap + t)) * lane_count;
    const auto run = [&](auto kernel) { kernel(g, xs, dy, dy_plane, rows, dw + tap); };
    switch (count) {
      case 1:
        run(weight_block<O, 1>);
        break;
      case 2:
        run(weight_block<O, 2>);
        break;
      case 3:
        run(weight_block<O, 3>);
        break;
      case 4:
        run(weight_block<O, 4>);
        break;
      default:
        run(weight_block<O, 5>);
        break;
    }
  }
}

}  // namespace

void conv_weight_grad(const ConvGeometry& g, const Real* x, const Real* dy, int dy_plane,
                      int first_row, int rows, Real* dw) {
  x += static_cast<long>(g.position_offset(first_row, 0)) * lane_count;
  const int blocks = (g.out + weight_channels - 1) / weight_channels;
  for (int b = 0, o = 0; b < blocks; ++b) {
    const int count = (g.out - o + blocks - b - 1) / (blocks - b);
    const auto run = [&](auto kernel) {
      kernel(g, x, dy + static_cast<long>(o) * dy_plane * lane_count, dy_plane, rows,
             dw + static_cast<long>(o) * g.taps());
    };
    switch (count) {
      case 1:
        run(weight_channels_block<1>);
        break;
      case 2:
        run(weight_channels_block<2>);
        break;
      case 3:
        run(weight_channels_block<3>);
        break;
      case 4:
        run(weight_channels_block<4>);
        break;
      default:
        run(weight_channels_block<5>);
        break;
    }
    o += count;
  }
}

}  // namespace fovea
