#include "layers/kernels/winograd.h"

#include <algorithm>

#include "core/memory.h"
#include "layers/kernels/conv2d_kernels.h"
#include "layers/kernels/winograd_transform.h"

namespace fovea {

namespace {

// Vectors of values that a block of tiles may take, of input and output together: half of an L2
// cache.
constexpr long block_vectors = 512 * 1024 / native_bytes;
constexpr int block_outputs = register_count >= 32 ? 6 : 3, block_tiles = 4;

// A block of so many vectors, uninitialised.
class Vectors {
 public:
  explicit Vectors(long count) : reals_(static_cast<std::size_t>(count) * native_width) {}
  Native* data() const { return reinterpret_cast<Native*>(reals_.data()); }

 private:
  Buffer<Real> reals_;
};

// How tiles lie on a map: tile (row, column) begins at outputs (row * m, column * m).
struct Tiles {
  int rows, columns;
  Tiles(int height, int width, int m) : rows((height + m - 1) / m), columns((width + m - 1) / m) {}
  int count() const { return rows * columns; }
};

// Tiles in a block, so that its values stay in the cache.
int tiles_in_block(int channels, int values, int count) {
  const long fitting = block_vectors / (static_cast<long>(channels) * values);
  const long blocks = std::max(1L, fitting / block_tiles) * block_tiles;
  return static_cast<int>(
      std::min<long>(blocks, (count + block_tiles - 1) / block_tiles * block_tiles));
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
  Native tile[size][size] = {};
  const int top = std::max(0, -row), bottom = std::min(size, plane.height - row);
  const int left = std::max(0, -column), right = std::min(size, plane.width - column);
  for (int i = top; i < bottom; ++i)
    for (int j = left; j < right; ++j) tile[i][j] = native(plane.at(row + i, column + j));
  transform<Matrix>([&](int i, int j) { return tile[i][j]; }, store);
}

// A product of matrices: result[o][t] (+)= sum over k of left[o][k] * right[k][t]. Rows of `left`
// are Reals, `left_row` apart; rows of the others are vectors, `row` apart.
struct Product {
  int out, inner, count;
  const Real* left;
  long left_row;
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
  for (int k = 0; k < p.inner; ++k, right += p.row) {
    Native v[T];
#pragma GCC unroll 8
    for (int t = 0; t < T; ++t) v[t] = right[t];
#pragma GCC unroll 8
    for (int o = 0; o < O; ++o) {
      const Native w = left[o * p.left_row + k] - Native{};
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

// What a pass over a map reads and makes.
struct Pass {
  int in, out;
  const Real* x;              // [in, height, width]
  int height, width, border;  // of x, and of the zeros around it
  int out_height, out_width;  // of the result
  const Real* weights;        // transformed
};

// finish(output channel, part, row, column, m x m values) takes each tile of the result.
template <int m, int r, class Finish>
void filter(const Pass& p, const Finish& finish) {
  using W = Winograd<m, r>;
  constexpr int values = W::n * W::n;
  const Tiles tiles(p.out_height, p.out_width, m);
  const int block = tiles_in_block(p.in + p.out, values, tiles.count());
  // An odd number of vectors from one value to the next: no two in the same set of the cache.
  const long in_stride = static_cast<long>(p.in) * block + 1;
  const long out_stride = static_cast<long>(p.out) * block + 1;
  const Vectors in(in_stride * values), out(out_stride * values);
  for (int part = 0; part < lane_count; part += native_width)
    for (int first = 0; first < tiles.count(); first += block) {
      const int count = std::min(block, tiles.count() - first);
      const auto for_each_tile = [&](const auto& visit) {
        for (int t = 0; t < count; ++t)
          visit(t, (first + t) / tiles.columns * m, (first + t) % tiles.columns * m);
      };
      for (int c = 0; c < p.in; ++c) {
        const Plane plane{p.x + static_cast<long>(c) * p.height * p.width * lane_count + part,
                          p.height, p.width};
        for_each_tile([&](int t, int row, int column) {
          values_of<Expand<W::b>>(plane, row - p.border, column - p.border,
                                  in.data() + static_cast<long>(c) * block + t, in_stride);
        });
      }
      for (int k = 0; k < values; ++k)
        multiply<false>({.out = p.out,
                         .inner = p.in,
                         .count = count,
                         .left = p.weights + static_cast<long>(k) * p.out * p.in,
                         .left_row = p.in,
                         .right = in.data() + k * in_stride,
                         .result = out.data() + k * out_stride,
                         .row = block});
      for (int o = 0; o < p.out; ++o)
        for_each_tile([&](int t, int row, int column) {
          const Native* product = out.data() + static_cast<long>(o) * block + t;
          Native y[m][m];
          transform<Contract<W::a>>(
              [&](int i, int j) { return product[(i * W::n + j) * out_stride]; },
              [&](int i, int j, const Native& v) { y[i][j] = v; });
          finish(o, part, row, column, y);
        });
    }
}

// native_width filters at a time, which are neighbours in the result.
template <int m, int r>
void transform_weights(const ConvGeometry& g, bool turned, const Real* w, Real* transformed) {
  using W = Winograd<m, r>;
  const int rows = turned ? g.in : g.out, columns = turned ? g.out : g.in;
  const long next = (turned ? static_cast<long>(g.in) : 1) * r * r;  // filter along a row
  for (int o = 0; o < rows; ++o)
    for (int c = 0; c < columns; c += native_width) {
      const int width = std::min(native_width, columns - c);
      const Real* kernel = w + static_cast<long>(o) * (turned ? 1 : g.in) * r * r + c * next;
      transform<Expand<W::g>>(
          [&](int i, int j) {
            const int tap = turned ? r * r - 1 - (i * r + j) : i * r + j;
            Native v{};
            for (int lane = 0; lane < width; ++lane) v[lane] = kernel[lane * next + tap];
            return v;
          },
          [&](int i, int j, const Native& v) {
            std::memcpy(transformed + (static_cast<long>(i * W::n + j) * rows + o) * columns + c,
                        &v, static_cast<std::size_t>(width) * sizeof(Real));
          });
    }
}

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
  const int block = tiles_in_block(g.in + g.out, values, tiles.count());
  const long in_stride = static_cast<long>(g.in) * block + 1;
  const long out_stride = static_cast<long>(g.out) * block + 1;
  const Vectors in(in_stride * values), out(out_stride * values);
  const int columns = (g.in + native_width - 1) / native_width;
  const Vectors rows(static_cast<long>(block) * native_width * columns);
  const long products = static_cast<long>(g.out) * columns;
  const Vectors sums(products * values);
  std::fill_n(sums.data(), products * values, Native{});
  for (int part = 0; part < lane_count; part += native_width)
    for (int first = 0; first < tiles.count(); first += block) {
      const int count = std::min(block, tiles.count() - first);
      const auto make_values = [&]<class Matrix>(const Matrix*, const Real* planes, int channels,
                                                 int height, int width, Native* to, long stride) {
        for (int c = 0; c < channels; ++c) {
          const Plane plane{planes + static_cast<long>(c) * height * width * lane_count + part,
                            height, width};
          Native* const row_of = to + static_cast<long>(c) * block;
          for (int t = 0; t < count; ++t)
            values_of<Matrix>(plane, (first + t) / tiles.columns * m,
                              (first + t) % tiles.columns * m, row_of + t, stride);
        }
      };
      make_values(static_cast<const Expand<W::b>*>(nullptr), x, g.in, g.height, g.width, in.data(),
                  in_stride);
      make_values(static_cast<const Expand<W::a_transposed>*>(nullptr), dy, g.out, g.out_h, g.out_w,
                  out.data(), out_stride);
      for (int k = 0; k < values; ++k) {
        samples_to_rows(in.data() + k * in_stride, g.in, block, count, rows.data());
        multiply<true>({.out = g.out,
                        .inner = count * native_width,
                        .count = columns,
                        .left = reinterpret_cast<const Real*>(out.data() + k * out_stride),
                        .left_row = static_cast<long>(block) * native_width,
                        .right = rows.data(),
                        .result = sums.data() + k * products,
                        .row = columns});
      }
    }
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

Pass forward_pass(const ConvGeometry& g, const Real* x, const Real* transformed) {
  return {g.in, g.out, x, g.height, g.width, 0, g.out_h, g.out_w, transformed};
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

void winograd_weights(const ConvGeometry& g, const WinogradForm& form, bool turned, const Real* w,
                      Real* transformed) {
  with_form(form, [&](auto m, auto r) { transform_weights<m, r>(g, turned, w, transformed); });
}

void winograd_forward(const ConvGeometry& g, const WinogradForm& form, const Real* x,
                      const Real* transformed, const Real* bias, Real* y) {
  with_form(form, [&](auto m, auto r) {
    filter<m, r>(forward_pass(g, x, transformed), [&](int o, int part, int row, int column,
                                                      const auto& values) {
      const Real b = bias ? bias[o] : 0;
      const int rows = std::min<int>(m, g.out_h - row);
      const int columns = std::min<int>(m, g.out_w - column);
      for (int i = 0; i < rows; ++i) {
        Real* to =
            y + ((static_cast<long>(o) * g.out_h + row + i) * g.out_w + column) * lane_count + part;
        for (int j = 0; j < columns; ++j, to += lane_count) native(to) = values[i][j] + b;
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
    filter<m, r>(forward_pass(pooled, x, transformed), [&](int o, int part, int row, int column,
                                                           const auto& values) {
      const Real b = bias ? bias[o] : 0;
      for (int i = 0; i < m && row + i < pooled.out_h; i += 2)
        for (int j = 0; j < m && column + j < pooled.out_w; j += 2) {
          const Native four[] = {values[i][j] + b, values[i][j + 1] + b, values[i + 1][j] + b,
                                 values[i + 1][j + 1] + b};
          const long at =
              ((static_cast<long>(o) * pooled_h + (row + i) / 2) * pooled_w + (column + j) / 2) *
                  lane_count +
              part;
          keep_winner(four, y + at, winners ? winners + at : nullptr);
        }
    });
  });
}

void winograd_input_grad(const ConvGeometry& g, const WinogradForm& form, int padding,
                         const Real* transformed, const Real* dy, Real* dx) {
  const int height = g.height - 2 * padding, width = g.width - 2 * padding;
  const Pass back{g.out,  g.in,  dy,         g.out_h, g.out_w, form.taps - 1 - padding,
                  height, width, transformed};
  with_form(form, [&](auto m, auto r) {
    filter<m, r>(back, [&](int c, int part, int row, int column, const auto& values) {
      const int rows = std::min<int>(m, height - row);
      const int columns = std::min<int>(m, width - column);
      for (int i = 0; i < rows; ++i) {
        Real* to =
            dx + ((static_cast<long>(c) * height + row + i) * width + column) * lane_count + part;
        for (int j = 0; j < columns; ++j, to += lane_count) native(to) += values[i][j];
      }
    });
  });
}

void winograd_weight_grad(const ConvGeometry& g, const WinogradForm& form, const Real* x,
                          const Real* dy, Real* dw) {
  with_form(form, [&](auto m, auto r) { weight_grad<m, r>(g, x, dy, dw); });
}

}  // namespace fovea
