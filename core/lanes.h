// Lanes: sixteen samples in one value. Every per-sample tensor holds Lanes, so code that is written
// for one sample runs for sixteen.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

namespace fovea {

#ifdef FOVEA_DOUBLE
using Real = double;  // `make gradcheck`: the same sources in double precision
using RealInt = std::int64_t;
#else
using Real = float;
using RealInt = std::int32_t;
#endif

inline constexpr int lane_count = 16;

/// Sixteen samples; one AVX-512 register of floats, two of AVX2, four of SSE. Arithmetic is plain:
/// `+ - * / < ?:`, elementwise.
using Lanes = Real __attribute__((vector_size(lane_count * sizeof(Real))));
/// The result of comparing Lanes (-1 or 0 a lane), and integers a lane.
using LaneInts = RealInt __attribute__((vector_size(lane_count * sizeof(Real))));

inline Lanes broadcast(Real value) {
  return value - Lanes{};
}  // x - 0 keeps the sign of -0
inline Lanes max(const Lanes& a, const Lanes& b) {
  return a > b ? a : b;
}
inline Lanes min(const Lanes& a, const Lanes& b) {
  return a < b ? a : b;
}

/// The sum over the sixteen samples, in a fixed order (a tree), so that it has the same bits
/// wherever it is computed.
inline Real sum_lanes(const Lanes& v) {
  Real half[8], quarter[4];
  for (int i = 0; i < 8; ++i) half[i] = v[i] + v[i + 8];
  for (int i = 0; i < 4; ++i) quarter[i] = half[i] + half[i + 4];
  return (quarter[0] + quarter[2]) + (quarter[1] + quarter[3]);
}

/// Applies a scalar function to each sample (for the rarely used: exp and log of a few values).
template <class F>
Lanes map_lanes(const Lanes& v, F f) {
  Lanes out = {};
  for (int i = 0; i < lane_count; ++i) out[i] = f(v[i]);
  return out;
}

}  // namespace fovea
