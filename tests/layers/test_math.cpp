#include <cmath>
#include <limits>

#include "core/autograd.h"
#include "core/lane_math.h"
#include "layers/math.h"
#include "tests/catch.h"
#include "tests/golden.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

using Unary = Tensor (*)(const Tensor&);

struct Op {
  const char* name;
  Unary function;
  double low, high;  // where the gradient check looks
};
const Op ops[] = {{"exp", exp, -1, 1},         {"log", log, 0.3, 2},  {"sqrt", sqrt, 0.3, 2},
                  {"sigmoid", sigmoid, -2, 2}, {"tanh", tanh, -2, 2}, {"abs", abs, 0.1, 1},
                  {"sin", sin, -3, 3},         {"cos", cos, -3, 3}};

// The largest error of `f` in units in the last place, over samples of all floats in [low, high].
template <class F, class Exact>
double largest_error(F f, Exact exact, double low, double high) {
  double worst = 0;
  constexpr int steps = 20000;
  for (int step = 0; step < steps; ++step) {
    Lanes x;
    for (int lane = 0; lane < lane_count; ++lane)
      x[lane] = static_cast<Real>(low + (high - low) * (step * 16 + lane) / (16.0 * steps));
    const Lanes y = f(x);
    for (int lane = 0; lane < lane_count; ++lane) {
      const double right = exact(static_cast<double>(x[lane]));
      const Real size = static_cast<Real>(std::abs(right));
      const auto ulp =
          static_cast<double>(std::nextafter(size, std::numeric_limits<Real>::infinity()) - size);
      worst = std::max(worst, std::abs(static_cast<double>(y[lane]) - right) / ulp);
    }
  }
  return worst;
}

}  // namespace

TEST_CASE("elementary functions give PyTorch's values and gradients", "[math][golden]") {
  const auto file = [](const std::string& op) {
    return op == "sin" || op == "cos" ? "activations.json" : "elementwise.json";
  };
  for (const Op& op : ops)
    check_golden(file(op.name), op.name,
                 [&](auto&, std::span<const Tensor> x) { return op.function(x[0]); });
  check_golden("elementwise.json", "power", [](const GoldenCase& c, std::span<const Tensor> x) {
    return power(x[0], static_cast<Real>(c.attribute("exponent")));
  });
  check_golden("elementwise.json", "clamp", [](const GoldenCase& c, std::span<const Tensor> x) {
    const std::vector<double>& limits = c.attributes.at("limits");
    return clamp(x[0], static_cast<Real>(limits[0]), static_cast<Real>(limits[1]));
  });
}

TEST_CASE("elementary functions have the gradients of their differences", "[math][gradcheck]") {
  for (Kind kind : {Kind::shared, Kind::per_sample}) {
    for (const Op& op : ops)
      check_gradients(op.name, [&](std::span<const Tensor> x) { return op.function(x[0]); },
                      {random_tensor({3, 7}, kind, 1, op.low, op.high)});
    check_gradients("abs", [&](std::span<const Tensor> x) { return abs(x[0]); },
                    {random_nonzero({3, 7}, kind)});
    for (Real exponent : {Real(0), Real(1), Real(2), Real(3), Real(-0.5)})
      check_gradients("power", [&](std::span<const Tensor> x) { return power(x[0], exponent); },
                      {random_tensor({3, 7}, kind, 1, 0.3, 2)});
    check_gradients(
        "clamp", [](std::span<const Tensor> x) { return clamp(x[0], Real(-0.511), Real(0.389)); },
        {random_distinct({3, 7}, kind)});
  }
}

TEST_CASE("exp, log, tanh and erf of lanes are accurate", "[math]") {
  const auto exp = [](const Lanes& x) { return lane_math::exp(x); };
  const auto log = [](const Lanes& x) { return lane_math::log(x); };
  const auto tanh = [](const Lanes& x) { return lane_math::tanh(x); };
  const auto exact_exp = [](double x) { return std::exp(x); };
  const auto exact_log = [](double x) { return std::log(x); };
  const auto exact_tanh = [](double x) { return std::tanh(x); };
  CHECK(largest_error(exp, exact_exp, -87, 88.7) < 1.2);
  CHECK(largest_error(exp, exact_exp, -1, 1) < 1.2);
  CHECK(largest_error(log, exact_log, 1e-30, 1e-3) < 1.2);
  CHECK(largest_error(log, exact_log, 0.01, 0.99) < 1.2);
  CHECK(largest_error(log, exact_log, 1.01, 1e6) < 1.2);
  CHECK(largest_error(tanh, exact_tanh, -20, 20) < 2);
  CHECK(largest_error(tanh, exact_tanh, -0.7, 0.7) < 2);
  const auto erf = [](const Lanes& x) { return lane_math::erf(x); };
  const auto exact_erf = [](double x) { return std::erf(x); };
  CHECK(largest_error(erf, exact_erf, -6, 6) < 2.5);
  CHECK(largest_error(erf, exact_erf, -1.1, 1.1) < 2.5);
}

TEST_CASE("exp, log, tanh and erf of lanes know infinity, NaN and zero", "[math]") {
  const Real infinity = std::numeric_limits<Real>::infinity();
  const Real nan = std::numeric_limits<Real>::quiet_NaN();
  const Lanes x = {infinity, -infinity, nan, 0, -1000, 1000, -1, 1};
  const Lanes e = lane_math::exp(x), l = lane_math::log(x), t = lane_math::tanh(x);
  CHECK(e[0] == infinity);
  CHECK(e[1] == 0);
  CHECK(std::isnan(e[2]));
  CHECK(e[3] == 1);
  CHECK(e[4] == 0);
  CHECK(e[5] == infinity);
  CHECK(l[0] == infinity);
  CHECK(std::isnan(l[1]));
  CHECK(std::isnan(l[2]));
  CHECK(l[3] == -infinity);
  CHECK(std::isnan(l[6]));
  CHECK(l[7] == 0);
  CHECK(t[0] == 1);
  CHECK(t[1] == -1);
  CHECK(std::isnan(t[2]));
  CHECK(t[3] == 0);
  const Lanes f = lane_math::erf(x);
  CHECK(f[0] == 1);
  CHECK(f[1] == -1);
  CHECK(std::isnan(f[2]));
  CHECK(f[3] == 0);
  const Real tiny = std::numeric_limits<Real>::denorm_min() * 100;
  CHECK(lane_math::log(broadcast(tiny))[0] ==
        Approx(std::log(static_cast<double>(tiny))).epsilon(1e-6));
}

TEST_CASE("gradients at kinks are PyTorch's", "[math]") {
  Tensor x = Tensor::from({4}, {0, -1, 1, static_cast<Real>(NAN)});
  x.set_requires_grad();
  const auto gradient = [&](const Tensor& y) {
    x.set_grad({});
    backward(y);
    const Tensor g = x.grad();
    return std::vector<double>(g.values().begin(), g.values().end());
  };
  CHECK(gradient(abs(x)) == std::vector<double>{0, -1, 1, 0});
  CHECK(gradient(clamp(x, -1, 1)) == std::vector<double>{1, 1, 1, 0});
  CHECK(gradient(clamp(x, 0, Real(0.5))) == std::vector<double>{1, 0, 0, 0});
  CHECK(gradient(power(x, 0)) == std::vector<double>{0, 0, 0, 0});
}

TEST_CASE("clamp refuses limits in the wrong order", "[math]") {
  CHECK(message_of([] { clamp(Tensor::zeros({2}), 1, 0); }) ==
        "[clamp] The lower limit 1 must not be above the upper limit 0");
}
