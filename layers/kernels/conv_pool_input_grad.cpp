// The gradient of the input of convolution + 2x2 pooling, for all samples at once. A window passes
// its gradient on from one of its four positions, another one in each sample: the patch of the
// input that all four reach gets one product an element, with the weight that the sample's winner
// picks, where a convolution's own kernel would spend one for each of the four.
#include <algorithm>

#include "core/memory.h"
#include "layers/kernels/conv_pool_grads.h"

#if defined(__SSSE3__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace fovea {

namespace {

// How a sample picks one of four weights: a byte shuffle within every 16 bytes. With comparisons
// instead, this takes 2.2 times as long on AVX2.
#if (defined(__SSSE3__) || defined(__aarch64__)) && !defined(FOVEA_DOUBLE)

inline NativeInts picker(const NativeInts& winner) {
  return (winner & 3) * 0x04040404 + 0x03020100;  // the four bytes of a float
}
inline Native pick(const Real* weights, const NativeInts& picker) {
#if defined(__AVX512BW__)
  // With a mask, because of g++ 12's false alarm about the one without (GCC bug 105593).
  return reinterpret_cast<Native>(
      _mm512_shuffle_epi8(_mm512_maskz_broadcast_i32x4(
                              0xFFFF, _mm_load_si128(reinterpret_cast<const __m128i*>(weights))),
                          reinterpret_cast<__m512i>(picker)));
#elif defined(__AVX2__)
  return reinterpret_cast<Native>(_mm256_shuffle_epi8(
      _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(weights))),
      reinterpret_cast<__m256i>(picker)));
#elif defined(__aarch64__)
  return reinterpret_cast<Native>(
      vqtbl1q_u8(vld1q_u8(reinterpret_cast<const std::uint8_t*>(weights)),
                 reinterpret_cast<uint8x16_t>(picker)));
#else
  return reinterpret_cast<Native>(
      _mm_shuffle_epi8(_mm_load_si128(reinterpret_cast<const __m128i*>(weights)),
                       reinterpret_cast<__m128i>(picker)));
#endif
}

#else

inline NativeInts picker(const NativeInts& winner) {
  return winner;
}
inline Native pick(const Real* weights, const NativeInts& winner) {
  Native picked = weights[0] - Native{};
  for (int p = 1; p < 4; ++p) picked = winner == p ? weights[p] - Native{} : picked;
  return picked;
}

#endif

constexpr int most_elements = register_count >= 32 ? 24 : 12;  // of a patch, in registers
constexpr int most_columns = 6, most_rows = 8;

// What a window can reach, and the weights with which each of its positions reaches it.
struct Patch {
  int rows, columns;
  Buffer<Real> weights;  // [in, rows, out, columns, 4]

  Patch(const ConvGeometry& g, const Real* w)
      : rows(g.kernel_h + g.stride_h),
        columns(g.kernel_w + g.stride_w),
        weights(static_cast<std::size_t>(4) * g.in * g.out * rows * columns) {
    std::fill_n(weights.data(), weights.size(), Real(0));
    const long row_step = 4L * g.out * columns;
    for (int o = 0; o < g.out; ++o)
      for (int ic = 0; ic < g.in; ++ic)
        for (int ky = 0; ky < g.kernel_h; ++ky) {
          Real* at = &weights[(ic * rows + ky) * row_step + 4L * o * columns];
          for (int kx = 0; kx < g.kernel_w; ++kx, ++w, at += 4)
            for (int p = 0; p < 4; ++p)
              at[p / 2 * g.stride_h * row_step + p % 2 * g.stride_w * 4 + p] = *w;
        }
  }
};

// A window's gradient of each output channel, for one native part of the samples.
struct Channel {
  Native value;
  NativeInts picker;
};

// R x C elements of a patch, summed over the output channels.
template <int R, int C>
[[gnu::always_inline]] inline void patch_block(const Channel* channels, int count,
                                               const Real* weights, long weight_row,
                                               long weight_step, Real* dx, long dx_row) {
  Native acc[R][C];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) acc[r][c] = native(dx + r * dx_row + c * lane_count);
  for (int o = 0; o < count; ++o, weights += weight_step) {
    const Native value = in_register(channels[o].value);
    const NativeInts picker = channels[o].picker;
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
      for (int c = 0; c < C; ++c)
        acc[r][c] += value * pick(weights + r * weight_row + 4 * c, picker);
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) native(dx + r * dx_row + c * lane_count) = acc[r][c];
}

}  // namespace

void conv_pool_input_grad(const ConvGeometry& g, const Real* w, const Lanes* dy,
                          const LaneInts* winners, Lanes* dx) {
  const Patch patch(g, w);
  const int pooled_h = g.out_h / 2, pooled_w = g.out_w / 2;
  const Buffer<Channel> row(static_cast<std::size_t>(pooled_w) * natives_a_lanes * g.out);
  const long step = 4L * patch.columns, weight_row = step * g.out;
  const long dx_row = static_cast<long>(g.width) * lane_count;
  for (int py = 0; py < pooled_h; ++py) {  // a row of windows stays in the L1 cache
    for (int o = 0; o < g.out; ++o)
      for (int px = 0; px < pooled_w; ++px)
        for (int part = 0; part < natives_a_lanes; ++part) {
          const long i = (static_cast<long>(o) * pooled_h + py) * pooled_w + px;
          const NativeInts winner = native(winners[i], part * native_width);
          const Native value = native(dy[i], part * native_width);
          row[(px * natives_a_lanes + part) * g.out + o] = {
              winner != dead_window ? value : Native{}, picker(winner)};
        }
    for (int ic = 0; ic < g.in; ++ic)
      for_each_block<most_columns>(patch.columns, [&](int c, auto columns) {
        constexpr int rows_at_once = std::min(most_rows, most_elements / columns);
        for_each_block<rows_at_once>(patch.rows, [&](int r, auto rows) {
          const Real* weights = &patch.weights[(ic * patch.rows + r) * weight_row + 4L * c];
          Real* const out = reinterpret_cast<Real*>(dx) +
                            (static_cast<long>(ic) * g.height + r) * dx_row + c * lane_count;
          for (int px = 0; px < pooled_w; ++px)
            for (int part = 0; part < natives_a_lanes; ++part)
              patch_block<rows, columns>(
                  &row[(px * natives_a_lanes + part) * g.out], g.out, weights, weight_row, step,
                  out + static_cast<long>(g.position_offset(2 * py, 2 * px)) * lane_count +
                      part * native_width,
                  dx_row);
        });
      });
  }
}

}  // namespace fovea
