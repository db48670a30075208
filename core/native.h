// The registers of this CPU, for kernels: Lanes are 16 samples on every CPU, but only AVX-512 holds
// sixteen floats in one register. Kernels loop over the native parts of a Lanes, so that one source
// fits them all and accumulators stay in registers. Comparisons and ?: need it even more: on
// vectors wider than a register GCC 12 does them one element after the other.
#pragma once

#include <cstring>
#include <type_traits>
#include <utility>

#include "core/lanes.h"

namespace fovea {

#if defined(__AVX512F__)
inline constexpr int native_bytes = 64, register_count = 32;
#elif defined(__AVX__)
inline constexpr int native_bytes = 32, register_count = 16;
#elif defined(__aarch64__)
inline constexpr int native_bytes = 16, register_count = 32;
#else
inline constexpr int native_bytes = 16, register_count = 16;
#endif

/// As many Reals as one register holds.
using Native = Real __attribute__((vector_size(native_bytes), may_alias));
using NativeInts = RealInt __attribute__((vector_size(native_bytes), may_alias));
inline constexpr int native_width = native_bytes / static_cast<int>(sizeof(Real));
inline constexpr int natives_a_lanes = lane_count / native_width;

inline const Native& native(const Real* p) {
  return *reinterpret_cast<const Native*>(p);
}
inline Native& native(Real* p) {
  return *reinterpret_cast<Native*>(p);
}
inline const NativeInts& native(const RealInt* p) {
  return *reinterpret_cast<const NativeInts*>(p);
}
inline NativeInts& native(RealInt* p) {
  return *reinterpret_cast<NativeInts*>(p);
}

/// Anywhere in memory: one instruction each. (Clang forgets that a reference is not aligned.)
inline Native load_unaligned(const Real* p) {
  Native value;
  std::memcpy(&value, p, sizeof value);
  return value;
}
inline void store_unaligned(Real* p, const Native& value) {
  std::memcpy(p, &value, sizeof value);
}

/// The native part of Lanes that begins at lane `part`.
inline const Native& native(const Lanes& v, int part) {
  return native(reinterpret_cast<const Real*>(&v) + part);
}
inline Native& native(Lanes& v, int part) {
  return native(reinterpret_cast<Real*>(&v) + part);
}
inline const NativeInts& native(const LaneInts& v, int part) {
  return native(reinterpret_cast<const RealInt*>(&v) + part);
}
inline NativeInts& native(LaneInts& v, int part) {
  return native(reinterpret_cast<RealInt*>(&v) + part);
}

/// The same value, loaded into a register once. Without it GCC 12 loads a value anew for each of
/// its uses when registers are scarce: convolutions then wait for loads (AVX2: 1.4 times as long).
inline Native in_register(Native value) {
#if defined(__SSE__)
  asm("" : "+v"(value));
#elif defined(__aarch64__)
  asm("" : "+w"(value));
#endif
  return value;
}

/// Cuts `total` things into blocks of at most `most`, as equal as can be, for kernels that hold a
/// block in registers: calls run(first, size) with the size as a std::integral_constant.
template <int most, class Run>
void for_each_block(int total, const Run& run) {
  const int blocks = (total + most - 1) / most;
  for (int b = 0, first = 0; b < blocks; ++b) {
    const int size = (total - first + blocks - b - 1) / (blocks - b);
    const auto try_sizes = [&]<int... N>(std::integer_sequence<int, N...>) {
      ((size == N + 1 ? run(first, std::integral_constant<int, N + 1>()) : void()), ...);
    };
    try_sizes(std::make_integer_sequence<int, most>());
    first += size;
  }
}

/// f of the native parts of Lanes, for comparisons and ?: in elementwise operations.
template <class F, class... V>
Lanes map_natives(const F& f, const V&... lanes) {
  Lanes out;
#pragma GCC unroll 4
  for (int part = 0; part < lane_count; part += native_width)
    native(out, part) = f(native(lanes, part)...);
  return out;
}

namespace detail {

// Adds the upper to the lower half of every group of 2 * G elements of a and of b; the results of
// a come first.
template <int G, int... J>
Native fold(Native a, Native b, std::integer_sequence<int, J...>) {
  return __builtin_shufflevector(a, b, (J / G * 2 * G + J % G)...) +
         __builtin_shufflevector(a, b, (J / G * 2 * G + J % G + G)...);
}

template <int G>
void fold_all(Native* v) {
  constexpr int pairs = G;  // after folding to groups of G, G vectors are left
  for (int i = 0; i < pairs; ++i)
    v[i] = fold<G>(v[2 * i], v[2 * i + 1], std::make_integer_sequence<int, native_width>());
  if constexpr (G > 1) fold_all<G / 2>(v);
}

// One stage of a transposition: swaps the blocks of S x S elements that lie off the diagonal.
template <int S, int... J>
[[gnu::always_inline]] inline void swap_blocks(Native& a, Native& b,
                                               std::integer_sequence<int, J...>) {
  constexpr int w = native_width;
  const Native lower = __builtin_shufflevector(a, b, (J & S ? w + J - S : J)...);
  b = __builtin_shufflevector(a, b, (J & S ? w + J : J + S)...);
  a = lower;
}

template <int S>
[[gnu::always_inline]] inline void transpose_stages(Native* v) {
  if constexpr (S < native_width) {
#pragma GCC unroll 16
    for (int i = 0; i < native_width; ++i)
      if (!(i & S)) swap_blocks<S>(v[i], v[i + S], std::make_integer_sequence<int, native_width>());
    transpose_stages<2 * S>(v);
  }
}

}  // namespace detail

/// ReLU, and its gradient where `y` came of it. NaN stays NaN and passes its gradient on.
[[gnu::always_inline]] inline Native rectified(const Native& v) {
  return v < 0 ? Native{} : v;
}
[[gnu::always_inline]] inline Native rectified_grad(const Native& y, const Native& dy) {
  return y <= 0 ? Native{} : dy;
}

/// Transposes a square of native_width vectors in place.
inline void transpose(Native* v) {
  detail::transpose_stages<1>(v);
}

/// out[i] += the sum of the elements of v[i], for `count` vectors: a transposing tree, three
/// instructions a value. Overwrites v, which has room for a multiple of native_width vectors.
[[gnu::noinline]] inline void add_sums(Native* v, int count, Real* out) {
  for (int first = 0; first < count; first += native_width) {
    for (int i = count; i < first + native_width; ++i) v[i] = Native{};
    detail::fold_all<native_width / 2>(v + first);
    for (int i = first; i < count && i < first + native_width; ++i) out[i] += v[first][i - first];
  }
}

}  // namespace fovea
