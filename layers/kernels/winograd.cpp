#include "layers/kernels/winograd.h"

#include <algorithm>
#include <cstring>

#include "layers/kernels/conv2d_kernels.h"
#include "layers/kernels/winograd_blocks.h"

namespace fovea {

namespace {

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

}  // namespace fovea
