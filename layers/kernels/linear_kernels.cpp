#include "layers/kernels/linear_kernels.h"

#include <algorithm>

#include "core/long_sum.h"
#include "core/memory.h"
#include "layers/kernels/channels_last.h"

namespace fovea {

namespace {

constexpr bool many_registers = register_count >= 32;

// What becomes of y: the product, y plus the product term by term, or y plus the whole product.
enum class Into { assign, add_terms, add_sum };

// R rows of the product at once, of all sixteen samples: sum over `depth` of a scalar matrix times
// lanes. The scalar of row r and depth d is at w[r * row_step + d * depth_step].
template <int R>
[[gnu::noinline]] void product_block(const Real* w, long row_step, long depth_step, int depth,
                                     const Real* x, const Real* bias, Real* y, Into into) {
  constexpr int N = natives_a_lanes;
  Native acc[R][N];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n)
      acc[r][n] =
          into == Into::add_terms ? native(y + r * lane_count + n * native_width) : Native{};
  for (int d = 0; d < depth; ++d, w += depth_step, x += lane_count) {
    Native in[N];
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) in[n] = native(x + n * native_width);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const Native weight = w[r * row_step] - Native{};
#pragma GCC unroll 4
      for (int n = 0; n < N; ++n) acc[r][n] += weight * in[n];
    }
  }
  // The bias comes last: the sum is small beside it, in theta for one.
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) {
      Native& out = native(y + r * lane_count + n * native_width);
      const Native sum = into == Into::add_sum ? out + acc[r][n] : acc[r][n];
      out = bias ? sum + bias[r] : sum;
    }
}

void product(int rows, int depth, const Real* w, long row_step, long depth_step, const Real* x,
             const Real* bias, Real* y, bool accumulate) {
  constexpr int most_rows = 12 / natives_a_lanes;
  const int most_depth = sum_block(depth);
  Into into = accumulate ? Into::add_terms : Into::assign;
  for (int first = 0; first == 0 || first < depth; first += most_depth, into = Into::add_sum) {
    const int count = std::min(most_depth, depth - first);
    const bool last = first + count == depth;
    const auto run = [&](int r, auto block) {
      product_block<block>(w + r * row_step + first * depth_step, row_step, depth_step, count,
                           x + static_cast<long>(first) * lane_count,
                           bias && last ? bias + r : nullptr, y + static_cast<long>(r) * lane_count,
                           into);
    };
    // Rows that lie a multiple of a page apart share one set of the L1 cache, which holds 8 or 12.
    if (row_step * sizeof(Real) % 4096 == 0)
      for_each_block<std::min(most_rows, 8)>(rows, run);
    else
      for_each_block<most_rows>(rows, run);
  }
}

// O output rows x K vectors along `in`: x comes transposed, [lane][in].
template <int O, int K>
void weight_block(int in, const Real* xt, long xt_step, const Real* dy, Real* dw, bool accumulate) {
  Native acc[O][K];
#pragma GCC unroll 8
  for (int o = 0; o < O; ++o)
#pragma GCC unroll 8
    for (int k = 0; k < K; ++k) acc[o][k] = Native{};
  for (int lane = 0; lane < lane_count; ++lane, xt += xt_step) {
    Native d[O];
#pragma GCC unroll 8
    for (int o = 0; o < O; ++o) d[o] = dy[o * lane_count + lane] - Native{};
#pragma GCC unroll 8
    for (int k = 0; k < K; ++k) {
      const Native x = in_register(native(xt + k * native_width));
#pragma GCC unroll 8
      for (int o = 0; o < O; ++o) acc[o][k] += d[o] * x;
    }
  }
#pragma GCC unroll 8
  for (int o = 0; o < O; ++o)
#pragma GCC unroll 8
    for (int k = 0; k < K; ++k) {
      Real* const out = dw + static_cast<long>(o) * in + k * native_width;
      store_unaligned(out, accumulate ? load_unaligned(out) + acc[o][k] : acc[o][k]);
    }
}

template <int O>
void weight_rows(int in, const Real* xt, long xt_step, const Real* dy, Real* dw, bool accumulate) {
  int k = 0;
  for (; k + 4 * native_width <= in; k += 4 * native_width)
    weight_block<O, 4>(in, xt + k, xt_step, dy, dw + k, accumulate);
  for (; k + native_width <= in; k += native_width)
    weight_block<O, 1>(in, xt + k, xt_step, dy, dw + k, accumulate);
  if (k == in) return;
  // The rest of a row, by way of a whole vector of it.
  Real rest[O][native_width];
  weight_block<O, 1>(native_width, xt + k, xt_step, dy, rest[0], false);
  for (int o = 0; o < O; ++o)
    for (int i = 0; i < in - k; ++i) {
      Real& out = dw[static_cast<long>(o) * in + k + i];
      out = accumulate ? out + rest[o][i] : rest[o][i];
    }
}

}  // namespace

void lanes_forward(int out, int in, const Real* w, const Real* bias, const Real* x, Real* y) {
  product(out, in, w, in, 1, x, bias, y, false);
}

void lanes_input_grad(int out, int in, const Real* w, const Real* dy, Real* dx, bool accumulate) {
  product(in, out, w, 1, in, dy, nullptr, dx, accumulate);
}

void lanes_weight_grad(int out, int in, const Real* x, const Real* dy, Real* dw, bool accumulate) {
  const ChannelsLast shape{1, in};  // [lane][in]
  const Buffer<Real> xt(static_cast<std::size_t>(shape.stride()) * lane_count);
  lanes_to_samples(shape, reinterpret_cast<const Lanes*>(x), xt.data());
  for_each_block<many_registers ? 4 : 3>(out, [&](int o, auto block) {
    weight_rows<block>(in, xt.data(), shape.stride(), dy + o * lane_count,
                       dw + static_cast<long>(o) * in, accumulate);
  });
}

}  // namespace fovea
