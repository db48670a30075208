// Arithmetic, element by element. Shapes are broadcast as in numpy: aligned at the last dimension,
// an extent of 1 repeats. Of a shared and a per-sample operand the result is per sample. Every
// function throws Error when the shapes do not fit.
#pragma once

#include "core/tensor.h"

namespace fovea {

Tensor add(const Tensor& a, const Tensor& b);
Tensor subtract(const Tensor& a, const Tensor& b);
Tensor multiply(const Tensor& a, const Tensor& b);
Tensor divide(const Tensor& a, const Tensor& b);

/// The same by one number: a quotient, where scale(x, 1 / divisor) would round twice or overflow.
Tensor divide(const Tensor& x, Real divisor);

/// x * factor + offset
Tensor scale(const Tensor& x, Real factor, Real offset = 0);
Tensor negate(const Tensor& x);

inline Tensor operator+(const Tensor& a, const Tensor& b) {
  return add(a, b);
}
inline Tensor operator-(const Tensor& a, const Tensor& b) {
  return subtract(a, b);
}
inline Tensor operator*(const Tensor& a, const Tensor& b) {
  return multiply(a, b);
}
inline Tensor operator/(const Tensor& a, const Tensor& b) {
  return divide(a, b);
}
inline Tensor operator-(const Tensor& x) {
  return negate(x);
}
inline Tensor operator+(const Tensor& x, Real value) {
  return scale(x, 1, value);
}
inline Tensor operator-(const Tensor& x, Real value) {
  return scale(x, 1, -value);
}
inline Tensor operator*(const Tensor& x, Real value) {
  return scale(x, value);
}
inline Tensor operator/(const Tensor& x, Real value) {
  return divide(x, value);
}
inline Tensor operator+(Real value, const Tensor& x) {
  return scale(x, 1, value);
}
inline Tensor operator-(Real value, const Tensor& x) {
  return scale(x, -1, value);
}
inline Tensor operator*(Real value, const Tensor& x) {
  return scale(x, value);
}

}  // namespace fovea
