// Convolution, and convolution + pooling + ReLU, with a block of outputs in registers.
#include <algorithm>

#include "core/long_sum.h"
#include "layers/kernels/conv2d_kernels.h"

namespace fovea {

namespace {

// O output channels x 4 positions in registers; a tap costs O + 4 loads for 4 O multiply-adds.
constexpr int block_channels = register_count >= 32 ? 6 : 3;
constexpr int block_positions = 4;

// `finish` is called as finish(channel, part, values of the P positions), O times for each part of
// the lanes. The bias comes last, as in PyTorch: it decides ties in max pooling.
template <int O, int P, class Finish>
[[gnu::noinline]] void forward_block(const ConvGeometry& g, const Real* const* x, const Real* w,
                                     const Real* bias, const Finish& finish) {
  const long taps = g.taps();
  for (int part = 0; part < lane_count; part += native_width) {
    Native acc[O][P];
#pragma GCC unroll 8
    for (int o = 0; o < O; ++o)
#pragma GCC unroll 8
      for (int p = 0; p < P; ++p) acc[o][p] = Native{};
    const Real* weight = w;
    for (int ic = 0; ic < g.in; ++ic)
      for (int ky = 0; ky < g.kernel_h; ++ky) {
        const long row = (static_cast<long>(ic) * g.height + ky * g.dilation_h) * g.width;
        const Real* xs[P];
#pragma GCC unroll 8
        for (int p = 0; p < P; ++p) xs[p] = x[p] + row * lane_count + part;
        const long step = static_cast<long>(g.dilation_w) * lane_count;
        for (long k = 0, end = g.kernel_w * step; k < end; k += step, ++weight) {
          if constexpr (O < P) {  // the fewer of weights and inputs wait in registers
            Native wo[O];
#pragma GCC unroll 8
            for (int o = 0; o < O; ++o) wo[o] = weight[o * taps] - Native{};
#pragma GCC unroll 8
            for (int p = 0; p < P; ++p) {
              const Native in = in_register(native(xs[p] + k));
#pragma GCC unroll 8
              for (int o = 0; o < O; ++o) acc[o][p] += wo[o] * in;
            }
          } else {
            Native in[P];
#pragma GCC unroll 8
            for (int p = 0; p < P; ++p) in[p] = native(xs[p] + k);
#pragma GCC unroll 8
            for (int o = 0; o < O; ++o) {
              const Native wo = weight[o * taps] - Native{};
#pragma GCC unroll 8
              for (int p = 0; p < P; ++p) acc[o][p] += wo * in[p];
            }
          }
        }
      }
#pragma GCC unroll 8
    for (int o = 0; o < O; ++o) {
      const Real b = bias ? bias[o] : 0;
#pragma GCC unroll 8
      for (int p = 0; p < P; ++p) acc[o][p] += b;
      finish(o, part, acc[o]);
    }
  }
}

// All output channels at P positions; x points to each position's first tap. finish_at(o) makes the
// `finish` of the block of channels that begins at o.
template <int P, class FinishAt>
void forward_channels(const ConvGeometry& g, const Real* const* x, const Real* w, const Real* bias,
                      const FinishAt& finish_at) {
  for_each_block<block_channels>(g.out, [&](int o, auto channels) {
    forward_block<channels, P>(g, x, w + static_cast<long>(o) * g.taps(), bias ? bias + o : nullptr,
                               finish_at(o));
  });
}

template <int P>
void forward_positions(const ConvGeometry& g, int first, const Real* x, const Real* w,
                       const Real* bias, bool relu, Real* y) {
  const Real* xs[P];
  for (int p = 0; p < P; ++p) {
    const int position = first + p;
    xs[p] = x + static_cast<long>(g.position_offset(position / g.out_w, position % g.out_w)) *
                    lane_count;
  }
  forward_channels<P>(g, xs, w, bias, [&](int channel) {
    return [&g, relu, out = y + (static_cast<long>(channel) * g.positions() + first) * lane_count](
               int o, int part, const Native* values) {
      Real* at = out + static_cast<long>(o) * g.positions() * lane_count + part;
#pragma GCC unroll 8
      for (int p = 0; p < P; ++p)
        native(at + p * lane_count) = relu ? rectified(values[p]) : values[p];
    };
  });
}

void forward_all(const ConvGeometry& g, const Real* x, const Real* w, const Real* bias, bool relu,
                 Real* y) {
  int position = 0;
  for (; position + block_positions <= g.positions(); position += block_positions)
    forward_positions<block_positions>(g, position, x, w, bias, relu, y);
  for (; position < g.positions(); ++position)
    forward_positions<1>(g, position, x, w, bias, relu, y);
}

// Calls visit(piece, tap) for pieces of a kernel, of which `tap` is the first tap: some channels,
// or some rows of one, or a part of a row.
template <class Visit>
void for_each_kernel_piece(const ConvGeometry& g, const Visit& visit) {
  const int block = sum_block(g.taps()), plane = g.kernel_h * g.kernel_w;
  const int channels = std::max(1, block / plane);
  const int rows = plane <= block ? g.kernel_h : std::max(1, block / g.kernel_w);
  const int columns = std::min(block, g.kernel_w);
  for (int ic = 0; ic < g.in; ic += channels)
    for (int ky = 0; ky < g.kernel_h; ky += rows)
      for (int kx = 0; kx < g.kernel_w; kx += columns) {
        ConvGeometry piece = g;
        piece.in = std::min(channels, g.in - ic);
        piece.kernel_h = std::min(rows, g.kernel_h - ky);
        piece.kernel_w = std::min(columns, g.kernel_w - kx);
        visit(piece, (ic * g.kernel_h + ky) * g.kernel_w + kx);
      }
}

// With a kernel of so many taps that their sum is a long one.
void forward_in_pieces(const ConvGeometry& g, const Real* x, const Real* w, const Real* bias,
                       bool relu, Real* y) {
  auto* const out = reinterpret_cast<Lanes*>(y);
  const WideSums<Lanes> sums(g.out * g.positions());
  for_each_kernel_piece(g, [&](const ConvGeometry& piece, int tap) {
    const Buffer<Real> weights(static_cast<std::size_t>(g.out) * piece.taps());
    Real* to = weights.data();
    for (int o = 0; o < g.out; ++o)
      for (int ic = 0; ic < piece.in; ++ic)
        for (int ky = 0; ky < piece.kernel_h; ++ky, to += piece.kernel_w)
          std::copy_n(
              w + static_cast<long>(o) * g.taps() + tap + (ic * g.kernel_h + ky) * g.kernel_w,
              piece.kernel_w, to);
    forward_all(piece, x + static_cast<long>(g.tap_offset(tap)) * lane_count, weights.data(),
                nullptr, false, y);
    for (int i = 0; i < g.out * g.positions(); ++i) sums[i].add(out[i]);
  });
  for (int i = 0; i < g.out * g.positions(); ++i)
    out[i] = sums[i].value() + (bias ? bias[i / g.positions()] : 0);
  if (!relu) return;
  for (long i = 0; i < static_cast<long>(g.out) * g.positions() * lane_count; i += native_width)
    native(y + i) = rectified(native(y + i));
}

}  // namespace

void conv_forward(const ConvGeometry& g, const Real* x, const Real* w, const Real* bias, bool relu,
                  Real* y) {
  (has_long_sums(g) ? forward_in_pieces : forward_all)(g, x, w, bias, relu, y);
}

void conv_pool_forward(const ConvGeometry& g, const Real* x, const Real* w, const Real* bias,
                       Real* y, RealInt* winners) {
  const int pooled_h = g.out_h / 2, pooled_w = g.out_w / 2;
  const long plane = static_cast<long>(pooled_h) * pooled_w * lane_count;
  for (int py = 0; py < pooled_h; ++py)
    for (int px = 0; px < pooled_w; ++px) {
      const Real* xs[4];
      for (int p = 0; p < 4; ++p)
        xs[p] =
            x + static_cast<long>(g.position_offset(2 * py + p / 2, 2 * px + p % 2)) * lane_count;
      const long at = (static_cast<long>(py) * pooled_w + px) * lane_count;
      forward_channels<4>(g, xs, w, bias, [&](int channel) {
        return [&, first = channel * plane + at](int o, int part, const Native* values) {
          const long i = first + o * plane + part;
          keep_winner(values, y + i, winners ? winners + i : nullptr);
        };
      });
    }
}

}  // namespace fovea
