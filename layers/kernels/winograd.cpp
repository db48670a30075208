#include "layers/kernels/winograd.h"

#include <algorithm>

#include "layers/kernels/conv2d_kernels.h"
#include "layers/kernels/winograd_blocks.h"

namespace fovea {

namespace {

// finish(channel, part, row, column, tile) takes the m x m outputs that begin at (row, column).
template <class W, class Finish>
void forward(const WinogradConv& k, const Real* x, const Real* transformed, const Finish& finish) {
  const ConvGeometry& g = k.g;
  const Work<W> work(k, x);
  const Weights weights{transformed, g.out, g.in, 1, winograd_weight_stride(g)};
  for_each_tile_block(work.tiles, work.block_size, [&](const TileBlock& block) {
    values_of<Expand<W::b>>(work.input, block, work.in.data(), work.in_stride);
    multiply_values<Work<W>::values>(weights, g.in, block, work.in.data(), work.in_stride,
                                     work.out.data(), work.out_stride);
    tiles_of<Contract<W::a>>(g.out, block, work.out.data(), work.out_stride,
                             [&](int o, int row, int column, const auto& tile) {
                               finish(o, block.part, row, column, tile);
                             });
  });
}

// The values of the filters `first` to `first` + width of [out, in], `stride` Reals apart.
template <class W>
[[gnu::always_inline]] inline void transform_filters(const Real* w, long first, int width,
                                                     long stride, Real* transformed) {
  constexpr int r = W::taps;
  Native out[W::n][W::n];
  transform<Expand<W::g>>(
      [&](int i, int j) {
        Native v{};
#pragma GCC unroll 16
        for (int lane = 0; lane < width; ++lane) v[lane] = w[((first + lane) * r + i) * r + j];
        return v;
      },
      [&](int i, int j, const Native& v) { out[i][j] = v; });
  for (int k = 0; k < W::n * W::n; ++k) {
    Real* to = transformed + k * stride + first;
    const Native& v = out[k / W::n][k % W::n];
    if (width == native_width)
      store_unaligned(to, v);
    else
      for (int lane = 0; lane < width; ++lane) to[lane] = v[lane];
  }
}

// native_width filters at a time, which are neighbours in the result.
template <class W>
void transform_weights(const ConvGeometry& g, const Real* w, Real* transformed) {
  const long filters = static_cast<long>(g.in) * g.out, stride = winograd_weight_stride(g);
  long first = 0;
  for (; first + native_width <= filters; first += native_width)
    transform_filters<W>(w, first, native_width, stride, transformed);
  if (first < filters)
    transform_filters<W>(w, first, static_cast<int>(filters - first), stride, transformed);
}

}  // namespace

int winograd_forms(const ConvGeometry& g, WinogradForm* forms) {
  const bool plain = g.kernel_h == g.kernel_w && g.stride_h == 1 && g.stride_w == 1 &&
                     g.dilation_h == 1 && g.dilation_w == 1;
  if (!plain || (g.kernel_h != 3 && g.kernel_h != 5 && g.kernel_h != 7)) return 0;
  int count = 0;
  if (g.kernel_h != 7) forms[count++] = {4, g.kernel_h};
  forms[count++] = {2, g.kernel_h};
  return count;
}

long winograd_weight_count(const ConvGeometry& g, const WinogradForm& form) {
  return form.values() * winograd_weight_stride(g);
}

void winograd_weights(const ConvGeometry& g, const WinogradForm& form, const Real* w,
                      Real* transformed) {
  with_form(form, [&](auto m, auto r) { transform_weights<Winograd<m, r>>(g, w, transformed); });
}

void winograd_forward(const WinogradConv& k, const Real* x, const Real* transformed,
                      const Real* bias, bool relu, Real* y) {
  const ConvGeometry& g = k.g;
  with_form(k.form, [&](auto m, auto r) {
    const auto store = [&](int o, int part, int row, int column, const auto& tile) {
      const Real b = bias ? bias[o] : 0;
      const int rows = std::min<int>(m, g.out_h - row);
      const int columns = std::min<int>(m, g.out_w - column);
      for (int i = 0; i < rows; ++i) {
        const long at = (static_cast<long>(o) * g.out_h + row + i) * g.out_w + column;
        Real* to = y + at * lane_count + part;
        for (int j = 0; j < columns; ++j, to += lane_count) {
          const Native v = tile[i][j] + b;
          native(to) = relu ? rectified(v) : v;
        }
      }
    };
    forward<Winograd<m, r>>(k, x, transformed, store);
  });
}

void winograd_pool_forward(const WinogradConv& k, const Real* x, const Real* transformed,
                           const Real* bias, Real* y, RealInt* winners) {
  WinogradConv pooled = k;
  const int pooled_h = k.g.out_h / 2, pooled_w = k.g.out_w / 2;
  pooled.g.out_h = 2 * pooled_h, pooled.g.out_w = 2 * pooled_w;  // the rest is dropped
  with_form(k.form, [&](auto m, auto r) {
    const auto pool = [&](int o, int part, int row, int column, const auto& tile) {
      const Real b = bias ? bias[o] : 0;
      for (int i = 0; i < m && row + i < pooled.g.out_h; i += 2)
        for (int j = 0; j < m && column + j < pooled.g.out_w; j += 2) {
          const Native four[] = {tile[i][j] + b, tile[i][j + 1] + b, tile[i + 1][j] + b,
                                 tile[i + 1][j + 1] + b};
          const long window =
              (static_cast<long>(o) * pooled_h + (row + i) / 2) * pooled_w + (column + j) / 2;
          const long at = window * lane_count + part;
          keep_winner(four, y + at, winners ? winners + at : nullptr);
        }
    };
    forward<Winograd<m, r>>(pooled, x, transformed, pool);
  });
}

}  // namespace fovea
