#include <cmath>
#include <limits>

#include "core/autograd.h"
#include "layers/reduce.h"
#include "tests/catch.h"
#include "tests/golden.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

using Reduce = Tensor (*)(const Tensor&, std::initializer_list<int>, bool);

Tensor call(Reduce reduce, const GoldenCase& c, const Tensor& x) {
  const std::vector<double>& dims = c.attributes.at("dims");
  const bool keepdim = c.integer("keepdim") != 0;
  const int first = static_cast<int>(dims[0]);
  return dims.size() == 1 ? reduce(x, {first}, keepdim)
                          : reduce(x, {first, static_cast<int>(dims[1])}, keepdim);
}

}  // namespace

TEST_CASE("sum and mean give PyTorch's values and gradients", "[reduce][golden]") {
  check_golden("tensor_ops.json", "sum",
               [](const GoldenCase& c, std::span<const Tensor> x) { return call(sum, c, x[0]); });
  check_golden("tensor_ops.json", "mean",
               [](const GoldenCase& c, std::span<const Tensor> x) { return call(mean, c, x[0]); });
}

TEST_CASE("extrema give PyTorch's values and gradients", "[reduce][golden]") {
  const auto dim = [](const GoldenCase& c) { return c.integer("dim"); };
  const auto keep = [](const GoldenCase& c) { return c.integer("keepdim") != 0; };
  const auto check = [](const char* op, auto f) { check_golden("extrema.json", op, f); };
  using In = std::span<const Tensor>;
  check("max", [&](auto& c, In x) { return max(x[0], dim(c), keep(c)).values; });
  check("min", [&](auto& c, In x) { return min(x[0], dim(c), keep(c)).values; });
  check("argmax", [&](auto& c, In x) { return argmax(x[0], dim(c), keep(c)); });
  check("argmin", [&](auto& c, In x) { return argmin(x[0], dim(c), keep(c)); });
  const auto over = [](Reduce reduce, const GoldenCase& c, const Tensor& x) {
    return c.attributes.at("dims").size() == 3 ? reduce(x, {2, 0, -2}, false) : call(reduce, c, x);
  };
  check("amax", [&](auto& c, In x) { return over(amax, c, x[0]); });
  check("amin", [&](auto& c, In x) { return over(amin, c, x[0]); });
}

TEST_CASE("extrema have the gradients of their differences", "[reduce][gradcheck]") {
  using In = std::span<const Tensor>;
  for (Kind kind : {Kind::shared, Kind::per_sample}) {
    const Tensor x = random_distinct({2, 3, 4}, kind);
    for (int dim : {0, 1, -1}) {
      check_gradients("max", [dim](In x) { return max(x[0], dim).values; }, {x});
      check_gradients("min", [dim](In x) { return min(x[0], dim, true).values; }, {x});
    }
    check_gradients("amax", [](In x) { return amax(x[0]); }, {x});
    check_gradients("amin", [](In x) { return amin(x[0], {0, 2}); }, {x});
  }
}

TEST_CASE("extrema: NaN wins, the first of equal ones is named", "[reduce]") {
  const Real nan = std::numeric_limits<Real>::quiet_NaN();
  Tensor x = Tensor::from({2, 4}, {1, nan, 3, nan, 2, 5, 5, 1});
  x.set_requires_grad();
  for (const bool largest : {true, false}) {
    x.set_grad({});
    const Extremum e = largest ? max(x, 1) : min(x, 1);
    CHECK(std::isnan(e.values.data()[0]));
    CHECK(e.indices.data()[0] == 1);
    CHECK(e.indices.data()[1] == (largest ? 1 : 3));
    backward(e.values);
    CHECK(x.grad().data()[1] == 1);
    CHECK(x.grad().data()[3] == 0);
  }
  x.set_grad({});
  backward(amax(x, {1}));
  CHECK(std::isnan(x.grad().data()[2]));
  CHECK(x.grad().data()[5] == 0.5);
  const Tensor small = Tensor::from({3}, {-std::numeric_limits<Real>::infinity(), nan, 0});
  CHECK(argmin(small, 0).item() == 1);
  CHECK(argmax(Tensor::filled({3}, -std::numeric_limits<Real>::infinity()), 0).item() == 0);
}

TEST_CASE("extrema over no elements", "[reduce][odd]") {
  for (bool per_sample : {false, true}) {
    const Tensor x = Tensor::zeros({0, 3}, per_sample);
    CHECK(max(x, 1).values.shape() == Shape{0});
    CHECK(argmin(x, 1, true).shape() == Shape{0, 1});
    CHECK(amax(x, {1}).shape() == Shape{0});
    CHECK(message_of([&] { max(x, 0); }) == "[max] There is none of no elements, shape [0, 3]");
    CHECK(message_of([&] { argmax(x, 0); }).find("[max] There is none") == 0);
    CHECK(message_of([&] { amin(x); }) == "[amin] There is none of no elements, shape [0, 3]");
    CHECK(message_of([&] { min(x, 2); }).find("[min] Dimension 2 does not exist") == 0);
    CHECK(amax(Tensor::zeros({}, per_sample)).shape() == Shape{});
  }
}

TEST_CASE("sum and mean have the gradients of their differences", "[reduce][gradcheck]") {
  using In = std::span<const Tensor>;
  for (Kind kind : {Kind::shared, Kind::per_sample}) {
    const Tensor x = random_tensor({2, 3, 4}, kind);
    check_gradients("sum", [](In x) { return sum(x[0]); }, {x});
    check_gradients("sum", [](In x) { return sum(x[0], {1}); }, {x});
    check_gradients("sum", [](In x) { return sum(x[0], {0, -1}, true); }, {x});
    check_gradients("mean", [](In x) { return mean(x[0]); }, {x});
    check_gradients("mean", [](In x) { return mean(x[0], {2, 0}); }, {x});
  }
}

TEST_CASE("sum and mean say the shapes they make", "[reduce]") {
  const Tensor x = Tensor::filled({2, 3, 4}, 2);
  CHECK(sum(x).shape() == Shape{});
  CHECK(sum(x).item() == 48);
  CHECK(mean(x).item() == 2);
  CHECK(sum(x, {1}).shape() == Shape{2, 4});
  CHECK(sum(x, {1}, true).shape() == Shape{2, 1, 4});
  CHECK(sum(x, {}).shape() == Shape{2, 3, 4});
  CHECK(mean(x, {0, 1, 2}, true).shape() == Shape{1, 1, 1});
  CHECK(sum(Tensor::shared({0, 3})).item() == 0);
  CHECK(sum(Tensor::shared({0, 3}), {0}).shape() == Shape{3});
}

TEST_CASE("a scalar has the dimensions 0 and -1, as in PyTorch", "[reduce]") {
  using Reduce = Tensor (*)(const Tensor&, int, bool);
  const Reduce ops[] = {
      [](const Tensor& x, int dim, bool keep) { return sum(x, {dim}, keep); },
      [](const Tensor& x, int dim, bool keep) { return mean(x, {dim}, keep); },
      [](const Tensor& x, int dim, bool keep) { return amax(x, {dim}, keep); },
      [](const Tensor& x, int dim, bool keep) { return amin(x, {dim}, keep); },
      [](const Tensor& x, int dim, bool keep) { return max(x, dim, keep).values; },
      [](const Tensor& x, int dim, bool keep) { return min(x, dim, keep).values; }};
  for (bool per_sample : {false, true}) {
    Tensor x = Tensor::zeros({}, per_sample);
    x.fill(7), x.set_requires_grad();
    for (bool keepdim : {false, true})
      for (int dim : {0, -1}) {
        for (const Reduce& op : ops) {
          x.set_grad({});
          const Tensor y = op(x, dim, keepdim);
          backward(y);
          CHECK((y.shape() == Shape{} && y.data()[0] == 7 && x.grad().data()[0] == 1));
        }
        for (const Tensor& at : {argmax(x, dim, keepdim), argmin(x, dim, keepdim)})
          CHECK((at.shape() == Shape{} && at.data()[0] == 0));
      }
    for (const Reduce& op : ops)
      for (int dim : {1, -2})
        CHECK(message_of([&] { op(x, dim, false); }).find("does not exist") != std::string::npos);
    CHECK(message_of([&] { sum(x, {0, -1}); }) == "[sum] Dimension -1 of shape [] is given twice");
  }
}

TEST_CASE("sum and mean refuse bad dimensions", "[reduce]") {
  const Tensor x = Tensor::zeros({2, 3}, true);
  CHECK(message_of([&] { sum(x, {2}); }) ==
        "[sum] Dimension 2 does not exist in an input of shape [2, 3] (of one sample; the batch is "
        "not a dimension)");
  CHECK(message_of([&] {
          mean(x, {0, -2});
        }) == "[mean] Dimension -2 of shape [2, 3] is given twice");
  CHECK(message_of([&] {
          mean(Tensor::zeros({0, 3}, true));
        }) == "[mean] The mean over no elements, shape [0, 3]");
}
