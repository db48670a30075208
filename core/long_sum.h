// Sums of many terms. A float that takes them one after the other loses a digit for every ten times
// as many, and stops at 2^24 ones. Kernels sum blocks; where speed is not the matter, a double
// does.
#pragma once

#include <algorithm>

#include "core/lanes.h"
#include "core/memory.h"

#if defined(__AVX512F__) && !defined(FOVEA_DOUBLE)
#include <immintrin.h>
#endif

namespace fovea {

/// The terms of a sum of `count` that may be added one after the other, before a sum of such sums
/// takes them. What small maps need (64x64) is one block, and so has the bits of a plain loop.
inline int sum_block(int count) {
  return count <= 4096 ? 4096 : 512;
}

namespace detail {
template <class T, class F>
T pairwise_sum(int begin, int end, int block, const F& term) {
  if (end - begin > block) {
    const int middle = begin + (end - begin) / 2;
    const T first = pairwise_sum<T>(begin, middle, block, term);
    return first + pairwise_sum<T>(middle, end, block, term);
  }
  T sum{};
  for (int i = begin; i < end; ++i) sum += term(i);
  return sum;
}
}  // namespace detail

/// term(0) + ... + term(count - 1), called in this order, for T = Real, Lanes or a part of them.
template <class T, class F>
T blocked_sum(int count, const F& term) {
  return detail::pairwise_sum<T>(0, count, sum_block(count), term);
}

/// A sum of Reals, or of Lanes sample by sample, in double.
template <class T>
class WideSum;

template <>
class WideSum<Real> {
 public:
  void add(Real term) { sum_ += static_cast<double>(term); }
  Real value() const { return over(1); }
  /// A quotient, because a product with 1 / count would not be exact for equal terms.
  Real over(double count) const { return static_cast<Real>(sum_ / count); }

 private:
  double sum_ = 0;
};

template <>
class WideSum<Lanes> {
 public:
  void add(const Lanes& term) {
    Half half[2];
    std::memcpy(half, &term, sizeof term);
    for (int i = 0; i < 2; ++i) sum_[i] += in_double(half[i]);
  }
  Lanes value() const { return over(1); }
  Lanes over(double count) const {
    Half half[2];
    for (int i = 0; i < 2; ++i) half[i] = __builtin_convertvector(sum_[i] / count, Half);
    Lanes out;
    std::memcpy(&out, half, sizeof out);
    return out;
  }
  /// What over(count) rounds away.
  Lanes rest(double count) const {
    WideSum left;
    for (int i = 0; i < 2; ++i) left.sum_[i] = sum_[i] / count;
    left.add(-over(count));
    return left.value();
  }

 private:
  // Eight at a time: GCC 12 converts all sixteen lanes at half the speed.
  using Half = Real __attribute__((vector_size(lane_count / 2 * sizeof(Real))));
  using HalfDoubles = double __attribute__((vector_size(lane_count / 2 * sizeof(double))));
  static HalfDoubles in_double(const Half& v) {
#if defined(__AVX512F__) && !defined(FOVEA_DOUBLE)
    // GCC 12 makes five instructions of the conversion. (With a mask: see
    // conv_pool_input_grad.cpp.)
    return _mm512_maskz_cvtps_pd(0xFF, v);
#else
    return __builtin_convertvector(v, HalfDoubles);
#endif
  }
  HalfDoubles sum_[2] = {};
};

/// So many of them, zero.
template <class T>
class WideSums {
 public:
  explicit WideSums(int size) : sums_(static_cast<std::size_t>(size)) { clear(); }
  void clear() const { std::fill_n(sums_.data(), sums_.size(), WideSum<T>()); }
  WideSum<T>& operator[](int i) const { return sums_[static_cast<std::size_t>(i)]; }

 private:
  Buffer<WideSum<T>> sums_;
};

}  // namespace fovea
