#include "layers/arithmetic.h"

#include "core/native.h"
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

Tensor atan2(const Tensor& y, const Tensor& x) {
  // 1 / |(x, y)|^2, and nothing at the origin.
  const auto inverse = [](const Lanes& y, const Lanes& x) {
    const Lanes square = x * x + y * y;
    return square == Real(0) ? Lanes{} : Real(1) / square;
  };
  return binary(
      "atan2", y, x, [](const Lanes& y, const Lanes& x) { return lane_math::atan2(y, x); },
      [=](const Lanes& y, const Lanes& x, const Lanes& d) { return d * x * inverse(y, x); },
      [=](const Lanes& y, const Lanes& x, const Lanes& d) { return d * -y * inverse(y, x); });
}

namespace {

// The gradient of the one of two operands that won, unless it is `beyond` the other; half of it for
// equal ones. A NaN is neither: both operands take the gradient then, as in PyTorch.
template <class Beyond>
auto winner_gradient(Beyond beyond) {
  return [beyond](const Lanes& a, const Lanes& b, const Lanes& dy) {
    return map_natives(
        [beyond](const Native& a, const Native& b, const Native& dy) {
          const Native shared = a == b ? dy * Real(0.5) : dy;
          return beyond(a, b) ? Native{} : shared;
        },
        a, b, dy);
  };
}

// f(a, b) ? a : b, and a where it is NaN.
template <class F>
auto choice(F f) {
  return [f](const Lanes& a, const Lanes& b) {
    return map_natives(
        [f](const Native& a, const Native& b) { return (f(a, b) | (a != a)) ? a : b; }, a, b);
  };
}

constexpr auto above = [](const Native& a, const Native& b) { return a > b; };
constexpr auto below = [](const Native& a, const Native& b) { return a < b; };

template <class F>
Tensor compare(OpName op, const Tensor& a, const Tensor& b, F f) {
  const auto none = [](const Lanes&, const Lanes&, const Lanes&) { return Lanes{}; };
  return binary(
      op, a, b,
      [f](const Lanes& a, const Lanes& b) {
        return map_natives(
            [f](const Native& a, const Native& b) { return f(a, b) ? Native{} + 1 : Native{}; }, a,
            b);
      },
      none, none);
}

Lanes any_element(const Tensor& t, int i) {
  return t.is_per_sample() ? t[i] : broadcast(t.data()[i]);
}

}  // namespace

Tensor maximum(const Tensor& a, const Tensor& b) {
  return binary("maximum", a, b, choice(above), winner_gradient(below), winner_gradient(above));
}

Tensor minimum(const Tensor& a, const Tensor& b) {
  return binary("minimum", a, b, choice(below), winner_gradient(above), winner_gradient(below));
}

Tensor greater(const Tensor& a, const Tensor& b) {
  return compare("greater", a, b, above);
}

Tensor less(const Tensor& a, const Tensor& b) {
  return compare("less", a, b, below);
}

Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b) {
  const Shape& from = condition.shape();
  const Shape shape = detail::broadcast_shape(
      "where", detail::broadcast_shape("where", from, a.shape()), b.shape());
  const bool lanes = condition.is_per_sample() || a.is_per_sample() || b.is_per_sample();
  const detail::Broadcast by_a(shape, lanes, a.shape(), from), by_b(shape, lanes, b.shape(), from);
  Tensor y = lanes ? Tensor::per_sample(shape) : Tensor::shared(shape);
  const auto store = [&](int i, const Lanes& value) {
    if (lanes)
      y[i] = value;
    else
      y.data()[i] = value[0];
  };
  by_b.visit([&](int i, int ib, int) { store(i, any_element(b, ib)); });
  by_a.visit([&](int i, int ia, int ic) {
    store(i, any_element(condition, ic) != Real(0) ? any_element(a, ia) : any_element(y, i));
  });
  return record("where", y, {condition, a, b},
                [by_a, by_b, condition = condition.detach()](const Tensor& dy, GradSink& grad) {
                  grad.wanted(0);  // zeros
                  bool fresh = false;
                  if (Tensor* da = grad.wanted(1, &fresh))
                    detail::add_gradient<true>(by_a, *da, fresh, [&](int i, int, int ic) {
                      return any_element(condition, ic) != Real(0) ? any_element(dy, i) : Lanes{};
                    });
                  if (Tensor* db = grad.wanted(2, &fresh))
                    detail::add_gradient<true>(by_b, *db, fresh, [&](int i, int, int ic) {
                      return any_element(condition, ic) != Real(0) ? Lanes{} : any_element(dy, i);
                    });
                });
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
