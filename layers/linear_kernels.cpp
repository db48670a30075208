#include "layers/linear_kernels.h"

#include <algorithm>

#include "core/memory.h"

namespace fovea {

namespace {

constexpr bool many_registers = register_count >= 32;

// R rows of the product at once: sum over `depth` of a scalar matrix times lanes. The scalar of row
// r and depth d is at w[r * row_step + d * depth_step].
template <int R>
void product_block(const Real* w, long row_step, long depth_step, int depth, const Real* x,
                   const Real* bias, Real* y, bool accumulate) {
  for (int part = 0; part < lane_count; part += native_width) {
    Native acc[R];
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      acc[r] = accumulate ? native(y + r * lane_count + part) : Native{};
    }
    const Real* ws = w;
    const Real* xs = x + part;
    for (int d = 0; d < depth; ++d, ws += depth_step, xs += lane_count) {
      const Native in = native(xs);
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r) acc[r] += ws[r * row_step] * in;
    }
#pragma GCC unroll 16
    for (int r = 0; r < R;
         ++r)  // the bias comes last: the sum is small beside it, in theta for one
      native(y + r * lane_count + part) = bias ? acc[r] + bias[r] : acc[r];
  }
}

void product(int rows, int depth, const Real* w, long row_step, long depth_step, const Real* x,
             const Real* bias, Real* y, bool accumulate) {
  constexpr int block = many_registers ? 16 : 8;
  int r = 0;
  const auto run = [&](auto kernel, int count) {
    kernel(w + r * row_step, row_step, depth_step, depth, x, bias ? bias + r : nullptr,
           y + static_cast<long>(r) * lane_count, accumulate);
    r += count;
  };
  while (r + block <= rows) run(product_block<block>, block);
  while (r + 4 <= rows) run(product_block<4>, 4);
  while (r < rows) run(product_block<1>, 1);
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
      const Native x = native(xt + k * native_width);
#pragma GCC unroll 8
      for (int o = 0; o < O; ++o) acc[o][k] += d[o] * x;
    }
  }
#pragma GCC unroll 8
  for (int o = 0; o < O; ++o)
#pragma GCC unroll 8
    for (int k = 0; k < K; ++k) {
      UnalignedNative& out = unaligned_native(dw + static_cast<long>(o) * in + k * native_width);
      out = accumulate ? out + acc[o][k] : acc[o][k];
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
  const long step = (in + native_width - 1) / native_width * native_width;
  const Buffer<Real> xt(static_cast<std::size_t>(step) * lane_count);
  for (int lane = 0; lane < lane_count; ++lane)
    std::fill(&xt[lane * step + in], &xt[lane * step] + step, Real(0));
  for (int k = 0; k < in; ++k)
    for (int lane = 0; lane < lane_count; ++lane) xt[lane * step + k] = x[k * lane_count + lane];
  constexpr int block = many_registers ? 4 : 2;
  int o = 0;
  for (; o + block <= out; o += block)
    weight_rows<block>(in, xt.data(), step, dy + o * lane_count, dw + static_cast<long>(o) * in,
                       accumulate);
  for (; o < out; ++o)
    weight_rows<1>(in, xt.data(), step, dy + o * lane_count, dw + static_cast<long>(o) * in,
                   accumulate);
}

}  // namespace fovea
