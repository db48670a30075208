// The gradient of a convolution's input, in scatter form: a stretch of an input row stays in
// registers while every output row that it fed passes by. No multiply-add is spent on padding.
#include "layers/kernels/conv2d_kernels.h"

namespace fovea {

namespace {

constexpr int max_positions = 8;  // of dy, side by side
constexpr int max_kernel_w = 5;   // wider kernels are done in pieces
constexpr int max_channels = register_count >= 32 ? 2 : 1;

struct ScatterArgs {
  const ConvGeometry* g;
  const Real* w;   // at (0, ic, 0, kx)
  const Real* dy;  // at (0, 0, x)
  int dy_plane;
  int rows;  // of dy
  Real* dx;  // at (ic, 0, x + kx)
};

// dx[i][row][0 .. P + K - 2] += sum over output channels and ky, kx of w * dy.
template <int I, int P, int K>
[[gnu::noinline]] void scatter_block(const ScatterArgs& a) {
  const ConvGeometry& g = *a.g;
  constexpr int width = P + K - 1;
  const int taps = g.taps(), kernel = g.kernel_h * g.kernel_w;
  const long plane = static_cast<long>(g.height) * g.width * lane_count;
  const int in_rows = a.rows + (g.kernel_h - 1) * g.dilation_h;
  for (int row = 0; row < in_rows; ++row)
    for (int part = 0; part < lane_count; part += native_width) {
      Real* dx = a.dx + static_cast<long>(row) * g.width * lane_count + part;
      Native acc[I][width];
#pragma GCC unroll 16
      for (int i = 0; i < I; ++i)
#pragma GCC unroll 16
        for (int p = 0; p < width; ++p) acc[i][p] = native(dx + i * plane + p * lane_count);
      for (int ky = 0; ky < g.kernel_h; ++ky) {
        const int dy_row = row - ky * g.dilation_h;
        if (dy_row < 0 || dy_row >= a.rows) continue;
        const Real* dy = a.dy + static_cast<long>(dy_row) * g.out_w * lane_count + part;
        const Real* w = a.w + ky * g.kernel_w;
        for (int o = 0; o < g.out;
             ++o, w += taps, dy += static_cast<long>(a.dy_plane) * lane_count) {
#pragma GCC unroll 8
          for (int k = 0; k < K; ++k) {
            Native wk[I];
#pragma GCC unroll 8
            for (int i = 0; i < I; ++i) wk[i] = w[i * kernel + k] - Native{};
              // From the right, each sum has P + 1 multiply-adds to come in before its next: from
              // the left P - 1, and AVX2 waits for it.
#pragma GCC unroll 8
            for (int p = P - 1; p >= 0; --p) {
              const Native d = native(dy + p * lane_count);
#pragma GCC unroll 8
              for (int i = 0; i < I; ++i) acc[i][p + k] += wk[i] * d;
            }
          }
        }
      }
#pragma GCC unroll 16
      for (int i = 0; i < I; ++i)
#pragma GCC unroll 16
        for (int p = 0; p < width; ++p) native(dx + i * plane + p * lane_count) = acc[i][p];
    }
}

// Any stride and dilation; one multiply-add for each load and store of dx.
void scatter_any(const ConvGeometry& g, const Real* w, const Real* dy, int dy_plane, int rows,
                 Real* dx) {
  for (int o = 0; o < g.out; ++o)
    for (int tap = 0; tap < g.taps(); ++tap) {
      const Real weight = w[static_cast<long>(o) * g.taps() + tap];
      for (int row = 0; row < rows; ++row) {
        const auto* d = reinterpret_cast<const Lanes*>(dy) + static_cast<long>(o) * dy_plane +
                        static_cast<long>(row) * g.out_w;
        auto* out = reinterpret_cast<Lanes*>(dx) + g.tap_offset(tap) + g.position_offset(row, 0);
        for (int x = 0; x < g.out_w; ++x) out[static_cast<long>(x) * g.stride_w] += weight * d[x];
      }
    }
}

}  // namespace

void conv_input_grad(const ConvGeometry& g, const Real* w, const Real* dy, int dy_plane,
                     int first_row, int rows, Real* dx) {
  dx += static_cast<long>(g.position_offset(first_row, 0)) * lane_count;
  const bool dense = g.stride_h == 1 && g.stride_w == 1 && (g.dilation_w == 1 || g.kernel_w == 1);
  if (!dense) return scatter_any(g, w, dy, dy_plane, rows, dx);
  for_each_block<max_channels>(g.in, [&](int ic, auto channels) {
    for_each_block<max_positions>(g.out_w, [&](int x, auto positions) {
      for_each_block<max_kernel_w>(g.kernel_w, [&](int kx, auto kernel) {
        scatter_block<channels, positions, kernel>(
            {.g = &g,
             .w = w + static_cast<long>(ic) * g.kernel_h * g.kernel_w + kx,
             .dy = dy + static_cast<long>(x) * lane_count,
             .dy_plane = dy_plane,
             .rows = rows,
             .dx = dx + (static_cast<long>(ic) * g.height * g.width + x + kx) * lane_count});
      });
    });
  });
}

}  // namespace fovea
