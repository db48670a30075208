#include <algorithm>

#include "layers/kernels/winograd.h"
#include "layers/kernels/winograd_blocks.h"

namespace fovea {

namespace {

// Row c of `values`, one native part of the samples of each tile, becomes column c of `columns`:
// [tiles * native_width][ceil(channels / native_width)] vectors of neighbouring channels.
void samples_to_rows(const Native* values, int channels, int tiles, int count, Native* columns) {
  const int blocks = (channels + native_width - 1) / native_width;
  for (int t = 0; t < count; ++t)
    for (int b = 0; b < blocks; ++b) {
      Native v[native_width];
#pragma GCC unroll 16
      for (int i = 0; i < native_width; ++i) {
        const int c = b * native_width + i;
        v[i] = c < channels ? values[static_cast<long>(c) * tiles + t] : Native{};
      }
      transpose(v);
#pragma GCC unroll 16
      for (int i = 0; i < native_width; ++i)
        columns[(static_cast<long>(t) * native_width + i) * blocks + b] = v[i];
    }
}

template <int m, int r>
void weight_grad(const ConvGeometry& g, const Real* x, const Real* dy, Real* dw) {
  using W = Winograd<m, r>;
  constexpr int n = W::n, values = n * n;
  const Tiles tiles(g.out_h, g.out_w, m);
  const int block_size = tiles_in_block(g.in + g.out, values, tiles.count());
  const long in_stride = static_cast<long>(g.in) * block_size + 1;
  const long out_stride = static_cast<long>(g.out) * block_size + 1;
  const Vectors in(in_stride * values), out(out_stride * values);
  const int columns = (g.in + native_width - 1) / native_width;
  const Vectors rows(static_cast<long>(block_size) * native_width * columns);
  const long products = static_cast<long>(g.out) * columns;
  const Vectors sums(products * values);
  std::fill_n(sums.data(), products * values, Native{});
  for_each_tile_block(tiles, block_size, [&](const TileBlock& block) {
    values_of<Expand<W::b>>(Planes{x, g.in, g.height, g.width}, block, in.data(), in_stride);
    values_of<Expand<W::a_transposed>>(Planes{dy, g.out, g.out_h, g.out_w}, block, out.data(),
                                       out_stride);
    for (int k = 0; k < values; ++k) {
      samples_to_rows(in.data() + k * in_stride, g.in, block_size, block.count, rows.data());
      multiply<true>({.out = g.out,
                      .inner = block.count * native_width,
                      .count = columns,
                      .left = reinterpret_cast<const Real*>(out.data() + k * out_stride),
                      .left_row = static_cast<long>(block_size) * native_width,
                      .left_step = 1,
                      .right = rows.data(),
                      .result = sums.data() + k * products,
                      .row = columns});
    }
  });
  // G' sums G, native_width filters at a time.
  for (int o = 0; o < g.out; ++o)
    for (int c = 0; c < columns; ++c) {
      const Native* sum = sums.data() + static_cast<long>(o) * columns + c;
      const int first = c * native_width, width = std::min(native_width, g.in - first);
      Real* filters = dw + (static_cast<long>(o) * g.in + first) * r * r;
      transform<Contract<W::g_transposed>>(
          [&](int i, int j) { return sum[(i * n + j) * products]; },
          [&](int i, int j, const Native& v) {
            for (int lane = 0; lane < width; ++lane) filters[lane * r * r + i * r + j] += v[lane];
          });
    }
}

}  // namespace

void winograd_weight_grad(const ConvGeometry& g, const WinogradForm& form, const Real* x,
                          const Real* dy, Real* dw) {
  with_form(form, [&](auto m, auto r) { weight_grad<m, r>(g, x, dy, dw); });
}

}  // namespace fovea
