// Cody-Waite range reduction and minimax polynomials, after the Cephes library (S. Moshier).
#include "core/lane_math.h"

#include <bit>
#include <limits>

namespace fovea::lane_math {

Lanes sqrt(const Lanes& x) {
  return map_lanes(x, [](Real v) { return std::sqrt(v); });
}

Lanes pow(const Lanes& x, Real exponent) {
  return map_lanes(x, [exponent](Real v) { return std::pow(v, exponent); });
}

Lanes sin(const Lanes& x) {
  return map_lanes(x, [](Real v) { return std::sin(v); });
}

Lanes cos(const Lanes& x) {
  return map_lanes(x, [](Real v) { return std::cos(v); });
}

Lanes atan2(const Lanes& y, const Lanes& x) {
  Lanes out;
  for (int i = 0; i < lane_count; ++i) out[i] = std::atan2(y[i], x[i]);
  return out;
}

Lanes log1p(const Lanes& x) {
  return map_lanes(x, [](Real v) { return std::log1p(v); });
}

#ifdef FOVEA_DOUBLE

Lanes exp(const Lanes& x) {
  return map_lanes(x, [](Real v) { return std::exp(v); });
}

Lanes log(const Lanes& x) {
  return map_lanes(x, [](Real v) { return std::log(v); });
}

Lanes tanh(const Lanes& x) {
  return map_lanes(x, [](Real v) { return std::tanh(v); });
}

Lanes erf(const Lanes& x) {
  return map_lanes(x, [](Real v) { return std::erf(v); });
}

#else

namespace {

constexpr Real infinity = std::numeric_limits<Real>::infinity();

LaneInts bits_of(const Lanes& x) {
  return std::bit_cast<LaneInts>(x);
}
Lanes from_bits(const LaneInts& x) {
  return std::bit_cast<Lanes>(x);
}

// 2^n for -126 <= n <= 127, by writing the exponent field.
Lanes power_of_two(const LaneInts& n) {
  return from_bits((n + 127) << 23);
}

// The polynomial with these coefficients, that of the highest power first (Horner's scheme).
template <int N>
Lanes polynomial(const Lanes& x, const Real (&coefficients)[N]) {
  Lanes p = broadcast(coefficients[0]);
#pragma GCC unroll 16
  for (int i = 1; i < N; ++i) p = p * x + coefficients[i];
  return p;
}

}  // namespace

Lanes exp(const Lanes& x) {
  // exp(x) = 2^n exp(r), n = round(x / ln 2), |r| <= ln(2) / 2. Adding 1.5 * 2^23 rounds to an
  // integer, which then stands in the low bits. Comparisons leave NaN alone.
  Lanes c = x > Real(89) ? broadcast(89) : x;
  c = c < Real(-104) ? broadcast(-104) : c;
  const Lanes magic = broadcast(0x1.8p23f);
  const Lanes shifted = c * Real(1.44269504088896341) + magic;
  const Lanes n = shifted - magic;
  const LaneInts k = bits_of(shifted) - bits_of(magic);
  const Lanes r = (c - n * Real(0.693359375)) - n * Real(-2.12194440e-4);
  Lanes p = polynomial(r, {1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2,
                           1.6666665459e-1, 5.0000001201e-1});
  p = p * (r * r) + r + Real(1);
  // In two steps: 2^128 and 2^-150 are no floats, but the products are.
  const LaneInts half = k >> 1;
  const Lanes y = p * power_of_two(half) * power_of_two(k - half);
  return x > Real(89) ? broadcast(infinity) : y;
}

Lanes log(const Lanes& x) {
  // x = 2^e m, sqrt(1/2) <= m < sqrt(2); log(m) by a polynomial in m - 1.
  const Lanes tiny = x < Real(0x1p-126f) ? broadcast(0x1p25f) : broadcast(1);
  const Lanes normal = x * tiny;
  LaneInts e = ((bits_of(normal) >> 23) & 255) - 126;
  Lanes m = from_bits((bits_of(normal) & 0x007FFFFF) | 0x3F000000);  // in [1/2, 1)
  const LaneInts low = m < Real(0.707106781186547524);
  e += low;
  m = (low ? m + m : m) - Real(1);
  const Lanes z = m * m;
  const Lanes p = polynomial(
      m, {7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
          -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1});
  const Lanes exponent =
      __builtin_convertvector(e, Lanes) - (x < Real(0x1p-126f) ? broadcast(25) : Lanes{});
  Lanes y = p * m * z + exponent * Real(-2.12194440e-4) - z * Real(0.5);
  y = (m + y) + exponent * Real(0.693359375);
  y = x == Real(0) ? broadcast(-infinity) : y;
  y = x == infinity ? x : y;
  return x >= Real(0) ? y : broadcast(std::numeric_limits<Real>::quiet_NaN());
}

Lanes tanh(const Lanes& x) {
  const Lanes size = x < Real(0) ? -x : x;
  const Lanes z = x * x;
  const Lanes p = polynomial(z, {-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2,
                                 1.33314422036e-1, -3.33332819422e-1});
  const Lanes small = p * z * x + x;
  const Lanes large = Real(1) - Real(2) / (exp(size + size) + Real(1));
  return size < Real(0.625) ? small : (x < Real(0) ? -large : large);
}

Lanes erf(const Lanes& x) {
  // x P(x^2) up to 1; beyond, 1 - exp(-x^2) / x * Q(1 / x^2).
  const Lanes z = x * x;
  const Lanes p = polynomial(
      z, {7.853861353153693e-5, -8.010193625184903e-4, 5.188327685732524e-3, -2.685381193529856e-2,
          1.128358514861418e-1, -3.761262582423300e-1, 1.128379165726710});
  const Lanes size = x < Real(0) ? -x : x;
  const Lanes r = Real(1) / size, y = r * r;
  const Lanes q =
      polynomial(y, {2.326819970068386e-2, -1.387039388740657e-1, 3.687424674597105e-1,
                     -5.824733027278666e-1, 6.210004621745983e-1, -4.944515323274145e-1,
                     3.404879937665872e-1, -2.741127028184656e-1, 5.638259427386472e-1});
  const Lanes large = Real(1) - exp(-z) * r * q;
  return size < Real(1) ? x * p : (x < Real(0) ? -large : large);
}

#endif

}  // namespace fovea::lane_math
