#include <limits>

#include "layers/shape_ops.h"
#include "tests/catch.h"
#include "tests/golden.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

TEST_CASE("shape operations give PyTorch's values and gradients", "[shape_ops][golden]") {
  const char* file = "tensor_ops.json";
  check_golden(file, "concatenate", [](const GoldenCase& c, std::span<const Tensor> x) {
    return concatenate(x, c.integer("dim"));
  });
  check_golden(file, "slice", [](const GoldenCase& c, std::span<const Tensor> x) {
    const int step = c.attributes.count("step") ? c.integer("step") : 1;
    return slice(x[0], c.integer("dim"), c.integer("begin"), c.integer("end"), step);
  });
  check_golden(file, "stack", [](const GoldenCase& c, std::span<const Tensor> x) {
    return stack(x, c.integer("dim"));
  });
  check_golden(file, "permute", [](const GoldenCase& c, std::span<const Tensor> x) {
    const std::vector<double>& d = c.attributes.at("dims");
    return permute(x[0], {static_cast<int>(d[0]), static_cast<int>(d[1]), static_cast<int>(d[2])});
  });
  check_golden(file, "transpose", [](const GoldenCase& c, std::span<const Tensor> x) {
    const std::vector<double>& dims = c.attributes.at("dims");
    return transpose(x[0], static_cast<int>(dims[0]), static_cast<int>(dims[1]));
  });
}

TEST_CASE("shape operations have the gradients of their differences", "[shape_ops][gradcheck]") {
  using In = std::span<const Tensor>;
  for (Kind kind : {Kind::shared, Kind::per_sample}) {
    const Tensor x = random_tensor({2, 3, 4}, kind);
    check_gradients("slice", [](In x) { return slice(x[0], 1, 1, 3); }, {x});
    check_gradients("slice", [](In x) { return slice(x[0], -1, 0, 2); }, {x});
    for (int step : {1, 2, 3, 5})
      check_gradients("slice", [step](In x) { return slice(x[0], 2, 1, 4, step); }, {x});
    check_gradients("permute", [](In x) { return permute(x[0], {1, 2, 0}); }, {x});
    for (int dim : {0, 1, 3, -1, -2})
      check_gradients("stack",
                      [dim](In x) {
                        return stack({x[0], x[1], x[0]}, dim);
                      },
                      {x, random_tensor({2, 3, 4}, Kind::per_sample, 2)});
    check_gradients("transpose", [](In x) { return transpose(x[0], 0, 2); }, {x});
    check_gradients("transpose", [](In x) { return transpose(x[0], -1, 1); }, {x});
    check_gradients("transpose", [](In x) { return transpose(x[0], 1, 1); }, {x});
    for (Kind other : {Kind::shared, Kind::per_sample})
      for (int dim : {0, 1, 2}) {
        const Tensor y = random_tensor({2, 3, 4}, other, 2);
        check_gradients("concatenate",
                        [dim](In x) {
                          return concatenate({x[0], x[1], x[0]}, dim);
                        },
                        {x, y});
      }
  }
}

TEST_CASE("concatenate and slice are inverse", "[shape_ops]") {
  const Tensor a = random_tensor({2, 3}, Kind::per_sample, 1);
  const Tensor b = random_tensor({4, 3}, Kind::per_sample, 2);
  const Tensor both = concatenate({a, b});
  REQUIRE(both.shape() == Shape{6, 3});
  const Tensor back = slice(both, 0, 2, 6);
  for (std::size_t i = 0; i < b.real_count(); ++i) CHECK(back.data()[i] == b.data()[i]);
  CHECK(slice(both, 0, 3, 3).shape() == Shape{0, 3});
}

TEST_CASE("views of nothing, of scalars and with huge steps", "[shape_ops][odd]") {
  constexpr int most = std::numeric_limits<int>::max();
  for (bool per_sample : {false, true}) {
    const Tensor x = Tensor::zeros({0, 3}, per_sample), y = Tensor::zeros({2, 3}, per_sample);
    const Tensor scalar = Tensor::zeros({}, per_sample);
    CHECK(permute(x, {1, 0}).shape() == Shape{3, 0});
    CHECK(permute(scalar, {}).shape() == Shape{});
    CHECK(stack({x, x}, 1).shape() == Shape{0, 2, 3});
    CHECK(stack({scalar, scalar}).shape() == Shape{2});
    CHECK(slice(x, 0, 0, 0, most).shape() == Shape{0, 3});
    CHECK(slice(y, 0, 0, 2, most).shape() == Shape{1, 3});
    CHECK(slice(y, 1, 3, 3, 2).shape() == Shape{2, 0});
    CHECK(message_of([&] {
            stack({Tensor::zeros({1, 1, 1, 1, 1, 1}, per_sample)});
          }) == "shape: at most 6 dimensions");
  }
}

TEST_CASE("shape operations say what does not fit", "[shape_ops]") {
  const Tensor x = Tensor::zeros({2, 3}, true);
  CHECK(message_of([&] {
          concatenate({x, Tensor::zeros({2, 4})});
        }) == "[concatenate] Shapes [2, 3] and [2, 4] must match in every dimension but 0");
  CHECK(message_of([&] {
          concatenate({x, Tensor::zeros({2})}, 1);
        }) == "[concatenate] Shapes [2, 3] and [2] must match in every dimension but 1");
  CHECK(message_of([&] { concatenate({}); }) == "[concatenate] Takes one to 8 inputs, got 0");
  CHECK(message_of([&] { slice(x, 1, 2, 4); }) ==
        "[slice] The range 2 to 4 does not lie within dimension 1 of shape [2, 3]");
  CHECK(message_of([&] { slice(x, 2, 0, 1); }).find("[slice] Dimension 2 does not exist") == 0);
  CHECK(message_of([&] { slice(x, 1, 0, 2, 0); }) == "[slice] The step must be at least 1, got 0");
  CHECK(message_of([&] { permute(x, {0}); }) ==
        "[permute] Shape [2, 3] has 2 dimensions, the order names 1");
  CHECK(message_of([&] { permute(x, {1, -1}); }) == "[permute] Dimension -1 is named twice");
  CHECK(message_of([&] { permute(x, {0, 2}); }).find("[permute] Dimension 2 does not exist") == 0);
  CHECK(message_of([&] {
          stack({x, x.reshape({3, 2})});
        }) == "[stack] Shapes [2, 3] and [3, 2] must be equal");
  CHECK(message_of([&] { stack({x}, 3); }) ==
        "[stack] Inputs of shape [2, 3] have no place 3 for a new dimension");
  const Tensor scalar = Tensor::zeros({}, true);
  CHECK(message_of([&] {
          concatenate({scalar, scalar});
        }) == "[concatenate] Scalars cannot be joined; stack() them");
  CHECK(message_of([&] { slice(scalar, 0, 0, 1); }) == "[slice] A scalar has no part");
  CHECK(transpose(scalar, 0, -1).shape() == Shape{});
  CHECK(message_of([&] { stack({}); }) == "[stack] Takes one to 8 inputs, got 0");
  CHECK(message_of([&] { transpose(x, 0, 2); }).find("[transpose] Dimension 2 does not") == 0);
  CHECK(message_of([&] { x.reshape({5}); }) == "[reshape] [2, 3] has 6 elements, [5] would have 5");
}
