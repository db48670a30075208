// Elementary functions of sixteen samples at once. In single precision they are short polynomials
// that the compiler keeps in vector registers; in double precision they are the C library's.
#pragma once

#include "core/lanes.h"

/// Overloads for Lanes and for one Real, so that one template serves shared and per-sample values.
namespace fovea::lane_math {

/// Errors, held by tests/layers/test_math.cpp: exp and log below 1.2 units in the last place, tanh
/// below 2, erf below 2.5. Infinities and NaN as in C; denormal results of exp may be flushed to
/// zero.
Lanes exp(const Lanes& x);
Lanes log(const Lanes& x);
Lanes tanh(const Lanes& x);
Lanes erf(const Lanes& x);
Lanes sqrt(const Lanes& x);
Lanes pow(const Lanes& x, Real exponent);

/// One call of the C library a lane.
Lanes sin(const Lanes& x);
Lanes cos(const Lanes& x);
Lanes atan2(const Lanes& y, const Lanes& x);
Lanes log1p(const Lanes& x);

inline Real exp(Real x) {
  return std::exp(x);
}
inline Real log(Real x) {
  return std::log(x);
}
inline Real max(Real a, Real b) {
  return a > b ? a : b;
}
inline Lanes max(const Lanes& a, const Lanes& b) {
  return a > b ? a : b;
}

}  // namespace fovea::lane_math
