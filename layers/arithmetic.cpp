#include "layers/arithmetic.h"

#include "core/trace.h"
#include "layers/elementwise.h"
namespace fovea {

using detail::binary;

Tensor add(const Tensor& a, const Tensor& b) {
  return binary(
      "add", a, b, [](const Lanes& a, const Lanes& b) { return a + b; },
      [](const Lanes&, const Lanes&, const Lanes& dy) { return dy; },
      [](const Lanes&, const Lanes&, const Lanes& dy) { return dy; });
}

Tensor subtract(const Tensor& a, const Tensor& b) {
  return binary(
      "subtract", a, b, [](const Lanes& a, const Lanes& b) { return a - b; },
      [](const Lanes&, const Lanes&, const Lanes& dy) { return dy; },
      [](const Lanes&, const Lanes&, const Lanes& dy) { return -dy; });
}

Tensor multiply(const Tensor& a, const Tensor& b) {
  return binary(
      "multiply", a, b, [](const Lanes& a, const Lanes& b) { return a * b; },
      [](const Lanes&, const Lanes& b, const Lanes& dy) { return dy * b; },
      [](const Lanes& a, const Lanes&, const Lanes& dy) { return dy * a; });
}

Tensor divide(const Tensor& a, const Tensor& b) {
  return binary(
      "divide", a, b, [](const Lanes& a, const Lanes& b) { return a / b; },
      [](const Lanes&, const Lanes& b, const Lanes& dy) { return dy / b; },
      [](const Lanes& a, const Lanes& b, const Lanes& dy) { return -dy * (a / b) / b; });
}

Tensor divide(const Tensor& x, Real divisor) {
  if (tracing()) return divide(x, Tensor::filled({}, divisor));  // exporters know this one
  return detail::unary(
      "divide", x, [divisor](const Lanes& v) { return v / divisor; },
      [divisor](const Lanes&, const Lanes&, const Lanes& dy) { return dy / divisor; });
}

Tensor scale(const Tensor& x, Real factor, Real offset) {
  return detail::unary(
      "scale", x, [factor, offset](const Lanes& v) { return v * factor + offset; },
      [factor](const Lanes&, const Lanes&, const Lanes& dy) { return dy * factor; },
      [=] {
        return Attributes{{"factor", factor}, {"offset", offset}};
      });
}

Tensor negate(const Tensor& x) {
  return detail::unary(
      "negate", x, [](const Lanes& v) { return -v; },
      [](const Lanes&, const Lanes&, const Lanes& dy) { return -dy; });
}

}  // namespace fovea
