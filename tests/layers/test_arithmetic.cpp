#include <cmath>
#include <limits>

#include "core/autograd.h"
#include "layers/arithmetic.h"
#include "tests/catch.h"
#include "tests/golden.h"
#include "tests/reference.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

using Binary = Tensor (*)(const Tensor&, const Tensor&);
const std::pair<const char*, Binary> binary_ops[] = {
    {"add", add}, {"subtract", subtract}, {"multiply", multiply}, {"divide", divide}};

}  // namespace

TEST_CASE("arithmetic gives PyTorch's values and gradients", "[arithmetic][golden]") {
  for (const auto& [name, op] : binary_ops)
    check_golden("elementwise.json", name,
                 [op = op](auto&, std::span<const Tensor> x) { return op(x[0], x[1]); });
  check_golden("elementwise.json", "scale", [](const GoldenCase& c, std::span<const Tensor> x) {
    return scale(x[0], static_cast<Real>(c.attribute("factor")),
                 static_cast<Real>(c.attribute("offset")));
  });
  check_golden("elementwise.json", "negate",
               [](auto&, std::span<const Tensor> x) { return negate(x[0]); });
}

TEST_CASE("arithmetic has the gradients of its differences", "[arithmetic][gradcheck]") {
  const std::pair<Shape, Shape> shapes[] = {
      {{2, 3}, {2, 3}}, {{3, 2, 2}, {3, 1, 1}},   {{3}, {2, 3}}, {{2, 1}, {1, 3}}, {{}, {2, 2}},
      {{17}, {17}},     {{2, 1, 3, 1}, {5, 1, 2}}};
  for (const auto& [name, op] : binary_ops)
    for (const auto& [a, b] : shapes)
      for (Kind kind_a : {Kind::shared, Kind::per_sample})
        for (Kind kind_b : {Kind::shared, Kind::per_sample})
          check_gradients(name, [op = op](std::span<const Tensor> x) { return op(x[0], x[1]); },
                          {random_nonzero(a, kind_a, 1), random_nonzero(b, kind_b, 2)},
#ifdef FOVEA_DOUBLE
                          {.tolerance = 1e-5});
#else
              {.absolute = 0.1});  // 1 / 0.2^3 makes single precision coarse
#endif
}

TEST_CASE("scale and negate have the gradients of their differences", "[arithmetic][gradcheck]") {
  for (Kind kind : {Kind::shared, Kind::per_sample}) {
    check_gradients("scale", [](std::span<const Tensor> x) { return scale(x[0], 2.5, -1); },
                    {random_tensor({3, 7}, kind)});
    check_gradients("negate", [](std::span<const Tensor> x) { return negate(x[0]); },
                    {random_tensor({3, 7}, kind)});
  }
}

TEST_CASE("an operand used twice gets both gradients", "[arithmetic][gradcheck]") {
  for (Kind kind : {Kind::shared, Kind::per_sample})
    check_gradients("multiply", [](std::span<const Tensor> x) { return x[0] * x[0]; },
                    {random_tensor({3, 2}, kind)});
}

TEST_CASE("operators on tensors and numbers mean arithmetic", "[arithmetic]") {
  const Tensor a = Tensor::from({2}, {6, 8}), b = Tensor::from({2}, {2, 4});
  const auto values = [](const Tensor& t) {
    return std::vector<double>(t.values().begin(), t.values().end());
  };
  using V = std::vector<double>;
  CHECK(values(a + b) == V{8, 12});
  CHECK(values(a - b) == V{4, 4});
  CHECK(values(a * b) == V{12, 32});
  CHECK(values(a / b) == V{3, 2});
  CHECK(values(-a) == V{-6, -8});
  CHECK(values(a + 1) == V{7, 9});
  CHECK(values(1 + a) == V{7, 9});
  CHECK(values(a - 1) == V{5, 7});
  CHECK(values(1 - a) == V{-5, -7});
  CHECK(values(a * 2) == V{12, 16});
  CHECK(values(2 * a) == V{12, 16});
  CHECK(values(a / 2) == V{3, 4});
  CHECK(values(48 / a) == V{8, 6});
}

TEST_CASE("angles, extrema and choices give PyTorch's values and gradients",
          "[arithmetic][golden]") {
  using In = std::span<const Tensor>;
  const std::pair<const char*, Binary> ops[] = {
      {"maximum", maximum}, {"minimum", minimum}, {"greater", greater}, {"less", less}};
  for (const auto& [name, op] : ops)
    check_golden("extrema.json", name, [op = op](auto&, In x) { return op(x[0], x[1]); });
  check_golden("activations.json", "atan2", [](auto&, In x) { return atan2(x[0], x[1]); });
  check_golden("extrema.json", "where", [](auto&, In x) { return where(x[0], x[1], x[2]); });
}

TEST_CASE("angles, extrema and choices have the gradients of their differences",
          "[arithmetic][gradcheck]") {
  using In = std::span<const Tensor>;
  for (Kind kind_a : {Kind::shared, Kind::per_sample})
    for (Kind kind_b : {Kind::shared, Kind::per_sample}) {
      const Tensor a = random_nonzero({2, 3}, kind_a, 1), b = random_nonzero({3}, kind_b, 2);
      const Tensor grid = random_distinct({2, 3}, kind_a, 1);
      const Tensor between = random_distinct({3}, kind_b, 2) + Real(0.025);  // no two are equal
      check_gradients("maximum", [](In x) { return maximum(x[0], x[1]); }, {grid, between});
      check_gradients("minimum", [](In x) { return minimum(x[0], x[1]); }, {grid, between});
      check_gradients("atan2", [](In x) { return atan2(x[0], x[1]); }, {a, b}, {.tolerance = 1e-5});
      for (Kind kind : {Kind::shared, Kind::per_sample}) {
        const Tensor condition = greater(random_tensor({2, 1}, kind, 3), Tensor::zeros({}));
        check_gradients("where", [&](In x) { return where(condition, x[0], x[1]); }, {a, b});
        check_gradients("where", [&](In x) { return where(condition, x[0], x[0]); }, {a});
      }
    }
}

TEST_CASE("a NaN wins every comparison of extrema, and chooses nothing else", "[arithmetic]") {
  const Real nan = std::numeric_limits<Real>::quiet_NaN();
  Tensor a = Tensor::from({4}, {nan, 1, nan, 0}), b = Tensor::from({4}, {2, nan, nan, 0});
  a.set_requires_grad(), b.set_requires_grad();
  for (Binary op : {Binary(maximum), Binary(minimum)}) {
    a.set_grad({}), b.set_grad({});
    const Tensor y = op(a, b);
    for (int i = 0; i < 3; ++i) CHECK(std::isnan(y.data()[i]));
    backward(y);
    for (int i = 0; i < 4; ++i) {
      CHECK(a.grad().data()[i] == (i < 3 ? 1 : 0.5));
      CHECK(b.grad().data()[i] == (i < 3 ? 1 : 0.5));
    }
  }
  CHECK(sum_lanes(broadcast(where(a, b, a).data()[3])) == 0);
  // What was not taken is infinite: no NaN comes from it.
  Tensor x = Tensor::from({2}, {0, 4});
  x.set_requires_grad();
  const Tensor y = where(greater(x, Tensor::zeros({})), x / x, Tensor::zeros({2}));
  CHECK(y.data()[0] == 0);
  CHECK(y.data()[1] == 1);
  backward(atan2(x * 0, x * 0));
  CHECK(x.grad().data()[1] == 0);
}

TEST_CASE("a shared operand serves all samples", "[arithmetic]") {
  const Tensor x = random_tensor({2, 2}, Kind::per_sample);
  const Tensor y = x + Tensor::from({2}, {10, 20});
  REQUIRE(y.is_per_sample());
  for (int lane = 0; lane < lane_count; ++lane) {
    CHECK(y[2][lane] == x[2][lane] + 10);
    CHECK(y[3][lane] == x[3][lane] + 20);
  }
}

TEST_CASE("arithmetic on no elements gives none", "[arithmetic]") {
  const Tensor x = Tensor::per_sample({0, 3}), y = Tensor::per_sample({1, 3});
  CHECK((x + y).shape() == Shape{0, 3});
}

TEST_CASE("arithmetic names both shapes when they cannot be broadcast", "[arithmetic]") {
  for (const auto& [name, op] : binary_ops)
    CHECK(message_of([op = op] {
            op(Tensor::zeros({2, 3}), Tensor::zeros({4, 2}, true));
          }) ==
          std::string("[") + name +
              "] Shapes [2, 3] and [4, 2] cannot be broadcast: from the last dimension on, extents "
              "must be equal or 1");
}

TEST_CASE("division by a number is division", "[arithmetic]") {
  constexpr Real infinity = std::numeric_limits<Real>::infinity();
  const std::vector<Real> values = {0,         Real(-0.0),  1,          -3,
                                    Real(0.1), Real(1e-39), Real(3e38), infinity};
  for (bool per_sample : {false, true})
    for (Real divisor :
         {Real(1e-39), Real(-1e-45), Real(3), Real(0.1), Real(3e38), Real(0), infinity}) {
      Tensor x = per_sample ? Tensor::per_sample({8}) : Tensor::shared({8});
      for (std::size_t i = 0; i < x.real_count(); ++i)
        x.data()[i] = values[i / (per_sample ? lane_count : 1)];
      x.set_requires_grad();
      INFO("by " << divisor);
      const Tensor y = x / divisor, expected = divide(x, Tensor::filled({1}, divisor));
      CHECK(difference(y, expected) == 0);
      backward(y);
      const Tensor grad = x.grad();
      for (const Real slope : grad.values()) REQUIRE(slope == 1 / divisor);
    }
  CHECK((Tensor::filled({1}, Real(1e-39)) / Real(1e-39)).item() == 1);
}
