// Loads from a place of its own for each lane, by twos: what the sampler does most.
#pragma once

#include <cstring>
#include <utility>

#include "core/native.h"

#if defined(__AVX512F__) && !defined(FOVEA_DOUBLE)
#include <immintrin.h>
#endif

namespace fovea {

/// Neighbours in memory.
struct Pair {
  Native left, right;
};

/// Reads p[index[lane]] and the element after it for every lane; `index` holds a vector. In memory:
/// where single loads are the fastest way, their addresses come from there, too.
inline Pair gather_pairs(const Real* p, const RealInt* index);

#if defined(FOVEA_DOUBLE)

inline Pair gather_pairs(const Real* p, const RealInt* index) {
  Pair pair;
  for (int lane = 0; lane < native_width; ++lane)
    pair.left[lane] = p[index[lane]], pair.right[lane] = p[index[lane] + 1];
  return pair;
}

#elif defined(__AVX512F__)

inline Pair gather_pairs(const Real* p, const RealInt* indices) {
  const NativeInts index = native(indices);
  // As a loop over lanes: 1.9 times slower.
  const auto pairs = [p](auto at) -> Native {
    return _mm512_castpd_ps(_mm512_mask_i32gather_pd(
        _mm512_setzero_pd(), 0xFF, reinterpret_cast<__m256i>(at), p, sizeof(Real)));
  };
  const Native low = pairs(__builtin_shufflevector(index, index, 0, 1, 2, 3, 4, 5, 6, 7));
  const Native high = pairs(__builtin_shufflevector(index, index, 8, 9, 10, 11, 12, 13, 14, 15));
  const auto every_second = [&]<int... J>(auto first, std::integer_sequence<int, J...>)->Native {
    return __builtin_shufflevector(low, high, (first + 2 * J)...);
  };
  constexpr auto lanes = std::make_integer_sequence<int, native_width>();
  return {every_second(std::integral_constant<int, 0>(), lanes),
          every_second(std::integral_constant<int, 1>(), lanes)};
}

#else

// Vectors are built from scalar loads: by way of an array, which would be stored in pieces and
// loaded as a whole, the sampler's forward pass takes twice as long. Each vector holds two of every
// four lanes, so that one instruction sorts left from right: AVX shuffles within fours.
inline Pair gather_pairs(const Real* p, const RealInt* index) {
  using Pairs = double __attribute__((vector_size(native_bytes)));  // two floats each
  const auto pair = [p](int at) {
    double both;
    std::memcpy(&both, p + at, sizeof both);
    return both;
  };
  const auto half = [&]<int... J>(auto first, std::integer_sequence<int, J...>)->Native {
    return reinterpret_cast<Native>(Pairs{pair(index[J / 2 * 4 + J % 2 + first])...});
  };
  constexpr auto pairs = std::make_integer_sequence<int, native_width / 2>();
  const Native a = half(std::integral_constant<int, 0>(), pairs);
  const Native b = half(std::integral_constant<int, 2>(), pairs);
  const auto sort = [&]<int... J>(auto side, std::integer_sequence<int, J...>)->Native {
    constexpr int w = native_width;
    return __builtin_shufflevector(a, b, (J % 4 / 2 * w + J / 4 * 4 + J % 2 * 2 + side)...);
  };
  constexpr auto lanes = std::make_integer_sequence<int, native_width>();
  return {sort(std::integral_constant<int, 0>(), lanes),
          sort(std::integral_constant<int, 1>(), lanes)};
}

#endif

}  // namespace fovea
