// Arithmetic, element by element. Shapes are broadcast as in numpy: aligned at the last dimension,
// an extent of 1 repeats. Of a shared and a per-sample operand the result is per sample. Every
// function throws Error when the shapes do not fit.
#pragma once

#include "core/tensor.h"

namespace fovea {

Tensor add(const Tensor& a, const Tensor& b);       ///< a + b
Tensor subtract(const Tensor& a, const Tensor& b);  ///< a - b
Tensor multiply(const Tensor& a, const Tensor& b);  ///< a * b
Tensor divide(const Tensor& a, const Tensor& b);    ///< a / b

/// The angle of the point (x, y) in radians, -pi to pi; the gradient at (0, 0) is 0.
Tensor atan2(const Tensor& y, const Tensor& x);

/// The larger, the smaller of two elements; a NaN wins. Of equal ones each takes half the gradient.
Tensor maximum(const Tensor& a, const Tensor& b);
Tensor minimum(const Tensor& a, const Tensor& b);

/// 1 where a > b (a < b), else 0; without gradient.
Tensor greater(const Tensor& a, const Tensor& b);
Tensor less(const Tensor& a, const Tensor& b);

/// a where `condition` is not 0, else b; all three are broadcast. `condition` has no gradient, and
/// the element that was not taken has gradient 0.
Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b);

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
inline Tensor operator/(Real value, const Tensor& x) {
  return divide(Tensor::filled({}, value), x);
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
