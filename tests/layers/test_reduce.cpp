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
