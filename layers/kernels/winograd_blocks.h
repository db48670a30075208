// What the passes of Winograd convolutions share: tiles, their values, and products of them.
#pragma once

#include <algorithm>
#include <type_traits>

#include "core/memory.h"
#include "layers/kernels/conv2d_kernels.h"
#include "layers/kernels/winograd.h"
#include "layers/kernels/winograd_transform.h"

namespace fovea {

// Vectors of values that a block of tiles may take, of input and output together: half of an L2
// cache.
inline constexpr long block_vectors = 512 * 1024 / native_bytes;
inline constexpr int block_outputs = register_count >= 32 ? 6 : 3, block_tiles = 4;

constexpr int vectors_of(int reals) {
  return (reals + native_width - 1) / native_width;
}

// A block of so many vectors, uninitialised.
class Vectors {
 public:
  explicit Vectors(long count) : reals_(static_cast<std::size_t>(count) * native_width) {}
  Native* data() const { return reinterpret_cast<Native*>(reals_.data()); }

 private:
  Buffer<Real> reals_;
};

// How tiles lie on a map of outputs: tile (row, column) begins at (row * m, column * m).
struct Tiles {
  int m, rows, columns;
  Tiles(int height, int width, int m)
      : m(m), rows((height + m - 1) / m), columns((width + m - 1) / m) {}
  int count() const { return rows * columns; }
};

// Some tiles in a row, of one native part of the samples.
struct TileBlock {
  const Tiles& tiles;
  int size;  // of a full one
  int part, first, count;

  // visit(tile, row, column): its number in the block, and its first output.
  template <class Visit>
  void for_each(const Visit& visit) const {
    for (int t = 0; t < count; ++t)
      visit(t, (first + t) / tiles.columns * tiles.m, (first + t) % tiles.columns * tiles.m);
  }
};

// Tiles in a block, so that its values stay in the cache.
inline int tiles_in_block(int channels, int values, int count) {
  const long fitting = block_vectors / (static_cast<long>(channels) * values);
  const long blocks = std::max(1L, fitting / block_tiles) * block_tiles;
  return static_cast<int>(
      std::min<long>(blocks, (count + block_tiles - 1) / block_tiles * block_tiles));
}

// Calls run(block) for all tiles of all samples.
template <class Run>
void for_each_tile_block(const Tiles& tiles, int size, const Run& run) {
  for (int part = 0; part < lane_count; part += native_width)
    for (int first = 0; first < tiles.count(); first += size)
      run(TileBlock{tiles, size, part, first, std::min(size, tiles.count() - first)});
}

// A plane of lanes, of which one native part is seen.
struct Plane {
  const Real* data;
  int height, width;
  const Real* at(int row, int column) const {
    return data + (static_cast<long>(row) * width + column) * lane_count;
  }
};

// The values of one channel in one tile whose upper left input is (row, column), zeros being around
// the plane; value k goes to out[k * stride].
template <class Matrix>
void values_of(const Plane& plane, int row, int column, Native* out, long stride) {
  constexpr int n = Matrix::rows, size = Matrix::columns;
  const auto store = [&](int i, int j, const Native& v) { out[(i * n + j) * stride] = v; };
  const long next_row = static_cast<long>(plane.width) * lane_count;
  if (row >= 0 && column >= 0 && row + size <= plane.height && column + size <= plane.width) {
    const Real* origin = plane.at(row, column);
    transform<Matrix>([&](int i, int j) { return native(origin + i * next_row + j * lane_count); },
                      store);
    return;
  }
  Native tile[size][size];
#pragma GCC unroll 8
  for (int i = 0; i < size; ++i) {
    const bool inside = row + i >= 0 && row + i < plane.height;
#pragma GCC unroll 8
    for (int j = 0; j < size; ++j)
      tile[i][j] = inside && column + j >= 0 && column + j < plane.width
                       ? native(plane.at(row + i, column + j))
                       : Native{};
  }
  transform<Matrix>([&](int i, int j) { return tile[i][j]; }, store);
}

// Planes of lanes, [channels, height, width], and the zeros that tiles find around them.
struct Planes {
  const Real* data;
  int channels, height, width;
  Extent2 border = 0;
};
inline Planes input_planes(const WinogradConv& k, const Real* x) {
  return {x, k.g.in, k.g.height - 2 * k.padding.h, k.g.width - 2 * k.padding.w, k.padding};
}

// The values of all channels in a block of tiles: [values, channels, block.size], `stride` vectors
// from one value to the next.
template <class Matrix>
void values_of(const Planes& p, const TileBlock& block, Native* out, long stride) {
  for (int c = 0; c < p.channels; ++c) {
    const Plane plane{p.data + static_cast<long>(c) * p.height * p.width * lane_count + block.part,
                      p.height, p.width};
    Native* const of_channel = out + static_cast<long>(c) * block.size;
    block.for_each([&](int t, int row, int column) {
      values_of<Matrix>(plane, row - p.border.h, column - p.border.w, of_channel + t, stride);
    });
  }
}

// A product of matrices: result[o][t] (+)= sum over k of left[o][k] * right[k][t]. `left` are
// Reals, a row `left_row` from the next and a column `left_step`; rows of the others are vectors,
// `row` apart.
struct Product {
  int out, inner, count;
  const Real* left;
  long left_row, left_step;
  const Native* right;
  Native* result;
  long row;
};

template <bool accumulate, int O, int T>
[[gnu::noinline]] void multiply_block(const Product& p, int first_out, int first) {
  const Real* left = p.left + first_out * p.left_row;
  const Native* right = p.right + first;
  Native* result = p.result + first_out * p.row + first;
  Native acc[O][T];
#pragma GCC unroll 8
  for (int o = 0; o < O; ++o)
#pragma GCC unroll 8
    for (int t = 0; t < T; ++t) acc[o][t] = accumulate ? result[o * p.row + t] : Native{};
  for (int k = 0; k < p.inner; ++k, right += p.row, left += p.left_step) {
    Native v[T];
#pragma GCC unroll 8
    for (int t = 0; t < T; ++t) v[t] = right[t];
#pragma GCC unroll 8
    for (int o = 0; o < O; ++o) {
      const Native w = left[o * p.left_row] - Native{};
#pragma GCC unroll 8
      for (int t = 0; t < T; ++t) acc[o][t] += w * v[t];
    }
  }
#pragma GCC unroll 8
  for (int o = 0; o < O; ++o)
#pragma GCC unroll 8
    for (int t = 0; t < T; ++t) result[o * p.row + t] = acc[o][t];
}

template <bool accumulate>
void multiply(const Product& p) {
  for_each_block<block_tiles>(p.count, [&](int t, auto width) {
    for_each_block<block_outputs>(
        p.out, [&](int o, auto height) { multiply_block<accumulate, height, width>(p, o, t); });
  });
}

// Vectors from one value of all channels in a block to the next: an odd number, so that no two are
// in the same set of the cache.
inline long value_stride(int channels, int block_size) {
  return static_cast<long>(channels) * block_size | 1;
}
// Reals from one value of all filters to the next.
inline long winograd_weight_stride(const ConvGeometry& g) {
  const long filters = static_cast<long>(g.in) * g.out;
  return ((filters + native_width - 1) / native_width | 1) * native_width;
}

// Transformed weights as the left side of products.
struct Weights {
  const Real* data;
  int rows;              // of the result
  long row, step, next;  // Reals from a row, a column, a value to the next
};

// For each value, weights times what a block has of it: [values, channels, block.size].
template <int values>
void multiply_values(const Weights& w, int channels, const TileBlock& block, const Native* in,
                     long in_stride, Native* out, long out_stride) {
  for (int k = 0; k < values; ++k)
    multiply<false>({.out = w.rows,
                     .inner = channels,
                     .count = block.count,
                     .left = w.data + k * w.next,
                     .left_row = w.row,
                     .left_step = w.step,
                     .right = in + k * in_stride,
                     .result = out + k * out_stride,
                     .row = block.size});
}

// Where the tiles of a convolution lie, its input, and room for the values of a block of tiles.
template <class W>
struct Work {
  static constexpr int values = W::n * W::n;
  Tiles tiles;
  int block_size;
  long in_stride, out_stride;
  Vectors in, out;
  Planes input;

  Work(const WinogradConv& k, const Real* x)
      : tiles(k.g.out_h, k.g.out_w, W::outputs),
        block_size(tiles_in_block(k.g.in + k.g.out, values, tiles.count())),
        in_stride(value_stride(k.g.in, block_size)),
        out_stride(value_stride(k.g.out, block_size)),
        in(in_stride * values),
        out(out_stride * values),
        input(input_planes(k, x)) {}
};

// Values back to tiles: finish(channel, row, column, tile), (row, column) being where it begins.
template <class Matrix, class Finish>
void tiles_of(int channels, const TileBlock& block, const Native* values, long stride,
              const Finish& finish) {
  constexpr int n = Matrix::columns, size = Matrix::rows;
  for (int c = 0; c < channels; ++c)
    block.for_each([&](int t, int row, int column) {
      const Native* const of_tile = values + static_cast<long>(c) * block.size + t;
      Native tile[size][size];
      transform<Matrix>([&](int i, int j) { return of_tile[(i * n + j) * stride]; },
                        [&](int i, int j, const Native& v) { tile[i][j] = v; });
      finish(c, row, column, tile);
    });
}

// Calls run with Winograd's m and r as integral constants.
template <class Run>
void with_form(const WinogradForm& form, const Run& run) {
  const auto as = [&]<int m, int r>(std::integral_constant<int, m> a,
                                    std::integral_constant<int, r> b) {
    if (form == WinogradForm{m, r}) run(a, b);
  };
  as(std::integral_constant<int, 4>(), std::integral_constant<int, 3>());
  as(std::integral_constant<int, 2>(), std::integral_constant<int, 3>());
  as(std::integral_constant<int, 4>(), std::integral_constant<int, 5>());
  as(std::integral_constant<int, 2>(), std::integral_constant<int, 5>());
  as(std::integral_constant<int, 2>(), std::integral_constant<int, 7>());
}

}  // namespace fovea
