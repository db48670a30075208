#include "layers/matmul.h"
#include "tests/catch.h"
#include "tests/golden.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

Tensor product(std::span<const Tensor> x) {
  return matmul(x[0], x[1]);
}

}  // namespace

TEST_CASE("matmul gives PyTorch's values and gradients", "[matmul][golden]") {
  check_golden("tensor_ops.json", "matmul",
               [](auto&, std::span<const Tensor> x) { return product(x); });
}

TEST_CASE("matmul has the gradients of its differences", "[matmul][gradcheck]") {
  const std::pair<Shape, Shape> shapes[] = {
      {{3, 4}, {4, 2}}, {{4}, {4, 3}}, {{3, 4}, {4}}, {{5}, {5}}, {{1, 1}, {1, 1}}};
  for (const auto& [a, b] : shapes)
    for (Kind kind_a : {Kind::shared, Kind::per_sample})
      for (Kind kind_b : {Kind::shared, Kind::per_sample})
        check_gradients("matmul", product,
                        {random_tensor(a, kind_a, 1), random_tensor(b, kind_b, 2)});
}

TEST_CASE("matmul of the same tensor adds both gradients", "[matmul][gradcheck]") {
  for (Kind kind : {Kind::shared, Kind::per_sample})
    check_gradients("matmul", [](std::span<const Tensor> x) { return matmul(x[0], x[0]); },
                    {random_tensor({3, 3}, kind)});
}

TEST_CASE("an empty inner dimension sums to zero", "[matmul]") {
  const Tensor c = matmul(Tensor::shared({2, 0}), Tensor::per_sample({0, 3}));
  REQUIRE(c.shape() == Shape{2, 3});
  for (Real value : c.values()) CHECK(value == 0);
}

TEST_CASE("matmul names both shapes when they do not fit", "[matmul]") {
  CHECK(message_of([] {
          matmul(Tensor::zeros({2, 3}), Tensor::zeros({4, 5}, true));
        }) ==
        "[matmul] Last dimension of first input with shape [2, 3] must match second to last "
        "dimension of second input with shape [4, 5]");
  CHECK(message_of([] {
          matmul(Tensor::zeros({2, 3}), Tensor::zeros({4}));
        }) ==
        "[matmul] Last dimension of first input with shape [2, 3] must match last dimension of "
        "second input with shape [4]");
  CHECK(message_of([] {
          matmul(Tensor::zeros({1, 2, 3}), Tensor::zeros({3}));
        }) == "[matmul] Inputs must have one or two dimensions, got shapes [1, 2, 3] and [3]");
}
