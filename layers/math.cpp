#include "layers/math.h"

#include "layers/elementwise.h"

namespace fovea {

using detail::unary;

Tensor exp(const Tensor& x) {
  return unary(
      "exp", x, [](const Lanes& v) { return lane_math::exp(v); },
      [](const Lanes&, const Lanes& y, const Lanes& dy) { return dy * y; });
}

Tensor log(const Tensor& x) {
  return unary(
      "log", x, [](const Lanes& v) { return lane_math::log(v); },
      [](const Lanes& v, const Lanes&, const Lanes& dy) { return dy / v; });
}

Tensor sqrt(const Tensor& x) {
  return unary(
      "sqrt", x, [](const Lanes& v) { return lane_math::sqrt(v); },
      [](const Lanes&, const Lanes& y, const Lanes& dy) { return dy / (y + y); });
}

Tensor abs(const Tensor& x) {
  return unary(
      "abs", x, [](const Lanes& v) { return v < Real(0) ? -v : v; },
      [](const Lanes& v, const Lanes&, const Lanes& dy) {
        return v > Real(0) ? dy : (v < Real(0) ? -dy : Lanes{});
      });
}

Tensor sin(const Tensor& x) {
  return unary(
      "sin", x, [](const Lanes& v) { return lane_math::sin(v); },
      [](const Lanes& v, const Lanes&, const Lanes& dy) { return dy * lane_math::cos(v); });
}

Tensor cos(const Tensor& x) {
  return unary(
      "cos", x, [](const Lanes& v) { return lane_math::cos(v); },
      [](const Lanes& v, const Lanes&, const Lanes& dy) { return -dy * lane_math::sin(v); });
}

Tensor power(const Tensor& x, Real exponent) {
  const auto attributes = [=] { return Attributes{{"exponent", exponent}}; };
  if (exponent == 2)  // the common one, without a call a lane
    return unary(
        "power", x, [](const Lanes& v) { return v * v; },
        [](const Lanes& v, const Lanes&, const Lanes& dy) { return dy * (v + v); }, attributes);
  return unary(
      "power", x, [exponent](const Lanes& v) { return lane_math::pow(v, exponent); },
      [exponent](const Lanes& v, const Lanes&, const Lanes& dy) {
        return exponent == 0 ? Lanes{} : dy * exponent * lane_math::pow(v, exponent - 1);
      },
      attributes);
}

Tensor clamp(const Tensor& x, Real low, Real high) {
  require(low <= high, "[clamp] The lower limit ", static_cast<double>(low),
          " must not be above the upper limit ", static_cast<double>(high));
  return unary(
      "clamp", x,
      [low, high](const Lanes& v) {
        const Lanes above = v < low ? broadcast(low) : v;
        return above > high ? broadcast(high) : above;
      },
      [low, high](const Lanes& v, const Lanes&, const Lanes& dy) {
        const Lanes kept = v >= low ? dy : Lanes{};  // none at a NaN, as in PyTorch
        return v <= high ? kept : Lanes{};
      },
      [=] {
        return Attributes{{"low", low}, {"high", high}};
      });
}

Tensor sigmoid(const Tensor& x) {
  return unary(
      "sigmoid", x, [](const Lanes& v) { return Real(1) / (lane_math::exp(-v) + Real(1)); },
      [](const Lanes&, const Lanes& y, const Lanes& dy) { return dy * y * (Real(1) - y); });
}

Tensor tanh(const Tensor& x) {
  return unary(
      "tanh", x, [](const Lanes& v) { return lane_math::tanh(v); },
      [](const Lanes&, const Lanes& y, const Lanes& dy) { return dy * (Real(1) - y * y); });
}

}  // namespace fovea
