#include <algorithm>
#include <optional>

#include "layers/kernels/winograd.h"
#include "layers/kernels/winograd_blocks.h"

namespace fovea {

namespace {

// Row c of `values`, one native part of the samples of each tile, becomes column c of `columns`:
// [tiles * native_width][ceil(channels / native_width)] vectors of neighbouring channels.
void samples_to_rows(const Native* values, int channels, const TileBlock& block, Native* columns) {
  const int blocks = vectors_of(channels);
  for (int t = 0; t < block.count; ++t)
    for (int b = 0; b < blocks; ++b) {
      Native v[native_width];
#pragma GCC unroll 16
      for (int i = 0; i < native_width; ++i) {
        const int c = b * native_width + i;
        v[i] = c < channels ? values[static_cast<long>(c) * block.size + t] : Native{};
      }
      transpose(v);
#pragma GCC unroll 16
      for (int i = 0; i < native_width; ++i)
        columns[(static_cast<long>(t) * native_width + i) * blocks + b] = v[i];
    }
}

// The values of tiles of all channels in a block; gather(channel, row, column, tile) sets what is
// not zero of the tile that begins at (row, column).
template <class Matrix, class Gather>
void values_of_tiles(int channels, const TileBlock& block, Native* out, long stride,
                     const Gather& gather) {
  constexpr int n = Matrix::rows, m = Matrix::columns;
  for (int c = 0; c < channels; ++c)
    block.for_each([&](int t, int row, int column) {
      Native tile[m][m] = {};
      gather(c, row, column, tile);
      Native* const of_tile = out + static_cast<long>(c) * block.size + t;
      transform<Matrix>([&](int i, int j) { return tile[i][j]; },
                        [&](int i, int j, const Native& v) { of_tile[(i * n + j) * stride] = v; });
    });
}

// Of the gradient behind 2x2 pooling and ReLU: of each window the winner has it, the others have
// none.
template <class Matrix>
void values_of(const PooledGradient& d, const TileBlock& block, Native* out, long stride) {
  constexpr int m = Matrix::columns;
  values_of_tiles<Matrix>(
      d.channels, block, out, stride, [&](int c, int row, int column, auto& tile) {
        const long plane = static_cast<long>(c) * d.height * d.width * lane_count + block.part;
        const int rows = std::min(m, 2 * d.height - row),
                  columns = std::min(m, 2 * d.width - column);
        for (int i = 0; i < rows; i += 2)
          for (int j = 0; j < columns; j += 2) {
            const long at =
                plane + (static_cast<long>(row + i) / 2 * d.width + (column + j) / 2) * lane_count;
            const Native value = native(d.values + at);
            const NativeInts winner = native(d.winners + at);
#pragma GCC unroll 4
            for (int p = 0; p < 4; ++p) tile[i + p / 2][j + p % 2] = winner == p ? value : Native{};
          }
      });
}

// Of the gradient behind a ReLU: an output of zero lets nothing through.
struct RectifiedPlanes {
  RectifiedGradient d;
  int channels, height, width;
};
template <class Matrix>
void values_of(const RectifiedPlanes& p, const TileBlock& block, Native* out, long stride) {
  constexpr int m = Matrix::columns;
  values_of_tiles<Matrix>(
      p.channels, block, out, stride, [&](int c, int row, int column, auto& tile) {
        const int rows = std::min(m, p.height - row), columns = std::min(m, p.width - column);
        for (int i = 0; i < rows; ++i) {
          const long first = (static_cast<long>(c) * p.height + row + i) * p.width + column;
          for (int j = 0; j < columns; ++j) {
            const long at = (first + j) * lane_count + block.part;
            tile[i][j] = rectified_grad(native(p.d.outputs + at), native(p.d.values + at));
          }
        }
      });
}

// The sums over samples and tiles of the products of the values of input and output channels.
template <class W>
class WeightSums {
 public:
  static constexpr int values = W::n * W::n;

  WeightSums(const ConvGeometry& g, int block_size)
      : g_(g),
        columns_(vectors_of(g.in)),
        products_(static_cast<long>(g.out) * columns_),
        rows_(static_cast<long>(block_size) * native_width * columns_),
        sums_(products_ * values) {}

  // `in` and `out`: values of a block of tiles; the first block sets the sums.
  void add(const TileBlock& block, bool first, const Native* in, long in_stride, const Native* out,
           long out_stride) {
    for (int k = 0; k < values; ++k) {
      samples_to_rows(in + k * in_stride, g_.in, block, rows_.data());
      const Product product{.out = g_.out,
                            .inner = block.count * native_width,
                            .count = columns_,
                            .left = reinterpret_cast<const Real*>(out + k * out_stride),
                            .left_row = static_cast<long>(block.size) * native_width,
                            .left_step = 1,
                            .right = rows_.data(),
                            .result = sums_.data() + k * products_,
                            .row = columns_};
      if (first)
        multiply<false>(product);
      else
        multiply<true>(product);
    }
  }

  // dw += G' sums G, native_width filters at a time.
  void add_to(Real* dw) const {
    constexpr int r = W::taps;
    for (int o = 0; o < g_.out; ++o)
      for (int c = 0; c < columns_; ++c) {
        const Native* sum = sums_.data() + static_cast<long>(o) * columns_ + c;
        const int first = c * native_width, width = std::min(native_width, g_.in - first);
        Real* filters = dw + (static_cast<long>(o) * g_.in + first) * r * r;
        // By way of memory: cheaper than taking vectors apart.
        alignas(native_bytes) Real taps[r * r][native_width];
        transform<Contract<W::g_transposed>>(
            [&](int i, int j) { return sum[(i * W::n + j) * products_]; },
            [&](int i, int j, const Native& v) { native(taps[i * r + j]) = v; });
        for (int lane = 0; lane < width; ++lane)
          for (int tap = 0; tap < r * r; ++tap) filters[lane * r * r + tap] += taps[tap][lane];
      }
  }

 private:
  const ConvGeometry& g_;
  int columns_;
  long products_;
  Vectors rows_, sums_;
};

// The transpose of the forward pass, with the same tiles and weights: A dy, times the transposed
// weights, times B adds to the n x n inputs of a tile. A filter over dy would have more tiles:
// those of the input. Both gradients share A dy.
template <class W, class Gradient>
void grads(const WinogradConv& k, const Gradient& dy, const Real* x, Real* dw,
           const Real* transformed, Real* dx) {
  constexpr int n = W::n;
  const ConvGeometry& g = k.g;
  const Work<W> work(k, x);
  const Planes& input = work.input;
  std::optional<WeightSums<W>> sums;
  if (dw) sums.emplace(g, work.block_size);
  const Weights weights{transformed, g.in, 1, g.in, winograd_weight_stride(g)};
  for_each_tile_block(work.tiles, work.block_size, [&](const TileBlock& block) {
    Native *const in = work.in.data(), *const out = work.out.data();
    values_of<Expand<W::a_transposed>>(dy, block, out, work.out_stride);
    if (dw) {
      values_of<Expand<W::b>>(input, block, in, work.in_stride);
      sums->add(block, block.part == 0 && block.first == 0, in, work.in_stride, out,
                work.out_stride);
    }
    if (!dx) return;
    multiply_values<Work<W>::values>(weights, g.out, block, out, work.out_stride, in,
                                     work.in_stride);
    tiles_of<Contract<W::b_transposed>>(
        g.in, block, in, work.in_stride, [&](int c, int row, int column, const auto& tile) {
          const int top = row - k.padding.h, left = column - k.padding.w;
          const int bottom = std::min(n, input.height - top);
          const int right = std::min(n, input.width - left), first = std::max(0, -left);
          Real* plane = dx + static_cast<long>(c) * input.height * input.width * lane_count;
          for (int i = std::max(0, -top); i < bottom; ++i) {
            const long at = static_cast<long>(top + i) * input.width + left + first;
            Real* to = plane + at * lane_count + block.part;
            for (int j = first; j < right; ++j, to += lane_count) native(to) += tile[i][j];
          }
        });
  });
  if (dw) sums->add_to(dw);
}

}  // namespace

void winograd_grads(const WinogradConv& k, const Real* dy, const Real* x, Real* dw,
                    const Real* transformed, Real* dx) {
  with_form(k.form, [&](auto m, auto r) {
    grads<Winograd<m, r>>(k, Planes{dy, k.g.out, k.g.out_h, k.g.out_w}, x, dw, transformed, dx);
  });
}

void winograd_grads(const WinogradConv& k, const RectifiedGradient& dy, const Real* x, Real* dw,
                    const Real* transformed, Real* dx) {
  with_form(k.form, [&](auto m, auto r) {
    grads<Winograd<m, r>>(k, RectifiedPlanes{dy, k.g.out, k.g.out_h, k.g.out_w}, x, dw, transformed,
                          dx);
  });
}

void winograd_grads(const WinogradConv& k, const PooledGradient& dy, const Real* x, Real* dw,
                    const Real* transformed, Real* dx) {
  with_form(k.form, [&](auto m, auto r) { grads<Winograd<m, r>>(k, dy, x, dw, transformed, dx); });
}

}  // namespace fovea
