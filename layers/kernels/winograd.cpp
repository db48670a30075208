#include "layers/kernels/winograd.h"

#include <algorithm>
#include <cstring>

#include "layers/kernels/conv2d_kernels.h"
#include "layers/kernels/winograd_blocks.h"

namespace fovea {

namespace {

// The transformed weights as the left side of a product.
struct Weights {
  const Real* data;
  int rows;              // of the result
  long row, step, next;  // Reals from a row, a column, a value to the next
};

// Tiles of `in` become n x n values each by In; those of all channels, times the weights, become
// tiles of the result by Out: finish(channel, part, row, column, tile) takes them, (row, column)
// being the tile's first output.
template <class In, class Out, class Finish>
void filter(const Planes& in, const Tiles& tiles, const Weights& w, const Finish& finish) {
  constexpr int n = In::rows, values = n * n, size = Out::rows;
  const int block_size = tiles_in_block(in.channels + w.rows, values, tiles.count());
  // An odd number of vectors from one value to the next: no two in the same set of the cache.
  const long in_stride = static_cast<long>(in.channels) * block_size + 1;
  const long out_stride = static_cast<long>(w.rows) * block_size + 1;
  const Vectors transformed(in_stride * values), products(out_stride * values);
  for_each_tile_block(tiles, block_size, [&](const TileBlock& block) {
    values_of<In>(in, block, transformed.data(), in_stride);
    for (int k = 0; k < values; ++k)
      multiply<false>({.out = w.rows,
                       .inner = in.channels,
                       .count = block.count,
                       .left = w.data + k * w.next,
                       .left_row = w.row,
                       .left_step = w.step,
                       .right = transformed.data() + k * in_stride,
                       .result = products.data() + k * out_stride,
                       .row = block_size});
    for (int o = 0; o < w.rows; ++o)
      block.for_each([&](int t, int row, int column) {
        const Native* product = products.data() + static_cast<long>(o) * block_size + t;
        Native tile[size][size];
        transform<Out>([&](int i, int j) { return product[(i * n + j) * out_stride]; },
                       [&](int i, int j, const Native& v) { tile[i][j] = v; });
        finish(o, block.part, row, column, tile);
      });
  });
}

template <int m, int r, class Finish>
void forward(const ConvGeometry& g, const Real* x, const Real* transformed, const Finish& finish) {
  using W = Winograd<m, r>;
  const Weights weights{transformed, g.out, g.in, 1, static_cast<long>(g.in) * g.out};
  filter<Expand<W::b>, Contract<W::a>>(Planes{x, g.in, g.height, g.width},
                                       Tiles(g.out_h, g.out_w, m), weights, finish);
}

// native_width filters at a time, which are neighbours in the result.
template <int m, int r>
void transform_weights(const ConvGeometry& g, const Real* w, Real* transformed) {
  using W = Winograd<m, r>;
  for (int o = 0; o < g.out; ++o)
    for (int c = 0; c < g.in; c += native_width) {
      const int width = std::min(native_width, g.in - c);
      const Real* kernel = w + (static_cast<long>(o) * g.in + c) * r * r;
      transform<Expand<W::g>>(
          [&](int i, int j) {
            Native v{};
            for (int lane = 0; lane < width; ++lane) v[lane] = kernel[(lane * r + i) * r + j];
            return v;
          },
          [&](int i, int j, const Native& v) {
            std::memcpy(transformed + (static_cast<long>(i * W::n + j) * g.out + o) * g.in + c, &v,
                        static_cast<std::size_t>(width) * sizeof(Real));
          });
    }
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
  return static_cast<long>(form.values()) * g.out * g.in;
}

void winograd_weights(const ConvGeometry& g, const WinogradForm& form, const Real* w,
                      Real* transformed) {
  with_form(form, [&](auto m, auto r) { transform_weights<m, r>(g, w, transformed); });
}

void winograd_forward(const ConvGeometry& g, const WinogradForm& form, const Real* x,
                      const Real* transformed, const Real* bias, Real* y) {
  with_form(form, [&](auto m, auto r) {
    forward<m, r>(g, x, transformed, [&](int o, int part, int row, int column, const auto& tile) {
      const Real b = bias ? bias[o] : 0;
      const int rows = std::min<int>(m, g.out_h - row);
      const int columns = std::min<int>(m, g.out_w - column);
      for (int i = 0; i < rows; ++i) {
        Real* to =
            y + ((static_cast<long>(o) * g.out_h + row + i) * g.out_w + column) * lane_count + part;
        for (int j = 0; j < columns; ++j, to += lane_count) native(to) = tile[i][j] + b;
      }
    });
  });
}

void winograd_pool_forward(const ConvGeometry& g, const WinogradForm& form, const Real* x,
                           const Real* transformed, const Real* bias, Real* y, RealInt* winners) {
  const int pooled_h = g.out_h / 2, pooled_w = g.out_w / 2;
  ConvGeometry pooled = g;
  pooled.out_h = 2 * pooled_h, pooled.out_w = 2 * pooled_w;  // the rest is dropped
  with_form(form, [&](auto m, auto r) {
    forward<m, r>(
        pooled, x, transformed, [&](int o, int part, int row, int column, const auto& values) {
          const Real b = bias ? bias[o] : 0;
          for (int i = 0; i < m && row + i < pooled.out_h; i += 2)
            for (int j = 0; j < m && column + j < pooled.out_w; j += 2) {
              const Native four[] = {values[i][j] + b, values[i][j + 1] + b, values[i + 1][j] + b,
                                     values[i + 1][j + 1] + b};
              const long at = ((static_cast<long>(o) * pooled_h + (row + i) / 2) * pooled_w +
                               (column + j) / 2) *
                                  lane_count +
                              part;
              keep_winner(four, y + at, winners ? winners + at : nullptr);
            }
        });
  });
}

// The transpose of the forward pass, with the same tiles and weights: A dy, times the transposed
// weights, times B adds to the n x n inputs of a tile. A filter over dy would have more tiles:
// those of the input.
void winograd_input_grad(const ConvGeometry& g, const WinogradForm& form, int padding_h,
                         int padding_w, const Real* transformed, const Real* dy, Real* dx) {
  const int height = g.height - 2 * padding_h, width = g.width - 2 * padding_w;
  const Weights weights{transformed, g.in, 1, g.in, static_cast<long>(g.in) * g.out};
  with_form(form, [&](auto m, auto r) {
    using W = Winograd<m, r>;
    filter<Expand<W::a_transposed>, Contract<W::b_transposed>>(
        Planes{dy, g.out, g.out_h, g.out_w}, Tiles(g.out_h, g.out_w, m), weights,
        [&](int c, int part, int row, int column, const auto& tile) {
          const int top = row - padding_h, left = column - padding_w;
          const int bottom = std::min(W::n, height - top), right = std::min(W::n, width - left);
          const int first = std::max(0, -left);
          Real* plane = dx + static_cast<long>(c) * height * width * lane_count + part;
          for (int i = std::max(0, -top); i < bottom; ++i) {
            Real* to = plane + (static_cast<long>(top + i) * width + left + first) * lane_count;
            for (int j = first; j < right; ++j, to += lane_count) native(to) += tile[i][j];
          }
        });
  });
}

}  // namespace fovea
