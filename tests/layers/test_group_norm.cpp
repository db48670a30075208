#include "layers/group_norm.h"
#include "tests/catch.h"
#include "tests/golden.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

TEST_CASE("group_norm gives PyTorch's values and gradients", "[group_norm][golden]") {
  check_golden("layers.json", "group_norm", [](const GoldenCase& c, std::span<const Tensor> x) {
    return group_norm(x[0], c.integer("groups"), x[1], x[2], static_cast<Real>(c.attribute("eps")));
  });
}

TEST_CASE("group_norm has the gradients of its differences", "[group_norm][gradcheck]") {
  using In = std::span<const Tensor>;
  const Tensor x = random_tensor({4, 2, 3}, Kind::per_sample);
  const Tensor weight = random_nonzero({4}, Kind::shared, 2);
  const Tensor bias = random_tensor({4}, Kind::shared, 3);
  for (int groups : {1, 2, 4}) {
    check_gradients("group_norm", [&](In in) { return group_norm(in[0], groups, in[1], in[2]); },
                    {x, weight, bias});
    check_gradients("group_norm", [&](In in) { return group_norm(in[0], groups, {}, {}); }, {x});
    check_gradients("group_norm", [&](In in) { return group_norm(in[0], groups, {}, in[1]); },
                    {x, bias});
  }
}

TEST_CASE("every group has mean 0 and variance 1", "[group_norm]") {
  const Tensor x = random_tensor({6, 5, 5}, Kind::per_sample, 1, 10, 11);
  const Tensor y = group_norm(x, 3, {}, {}, 0);
  for (int g = 0; g < 3; ++g) {
    Lanes sum{}, squares{};
    for (int i = 50 * g; i < 50 * (g + 1); ++i) sum += y[i], squares += y[i] * y[i];
    for (int lane = 0; lane < lane_count; ++lane) {
      CHECK(sum[lane] / 50 == Approx(0).margin(1e-4));
      CHECK(squares[lane] / 50 == Approx(1).margin(1e-4));
    }
  }
}

TEST_CASE("the GroupNorm module learns a weight and a bias", "[group_norm]") {
  const GroupNorm norm({.groups = 2, .channels = 4});
  REQUIRE(norm.named_parameters().size() == 2);
  CHECK(norm.named_parameters()[0].name == "weight");
  CHECK(norm.named_parameters()[1].name == "bias");
  CHECK(norm.describe() == "GroupNorm(2, 4, eps=1e-05, affine=True)");
  CHECK(norm(random_tensor({4, 2}, Kind::per_sample)).shape() == Shape{4, 2});
  const GroupNorm plain({.groups = 2, .channels = 4, .affine = false});
  CHECK(plain.parameters().empty());
  CHECK(plain(random_tensor({4, 2}, Kind::per_sample)).shape() == Shape{4, 2});
  CHECK(message_of([&] {
          norm(Tensor::zeros({3, 2}, true));
        }) == "[GroupNorm] Made for 4 channels, got an input of shape [3, 2]");
  CHECK(message_of([] { GroupNorm({.groups = 3, .channels = 4}); }) ==
        "[GroupNorm] 4 channels cannot be cut into 3 equal groups");
}

TEST_CASE("group_norm says what does not fit", "[group_norm]") {
  const Tensor x = Tensor::zeros({4, 2}, true);
  CHECK(message_of([&] { group_norm(x, 3, {}, {}); }) ==
        "[group_norm] The 4 channels of the input with shape [4, 2] cannot be cut into 3 equal "
        "groups");
  CHECK(message_of([&] { group_norm(x, 2, Tensor::zeros({2}), {}); }) ==
        "[group_norm] The weight of an input with shape [4, 2] must be shared [4], got shared [2]");
  CHECK(message_of([&] { group_norm(x, 2, {}, Tensor::zeros({4}, true)); }) ==
        "[group_norm] The bias of an input with shape [4, 2] must be shared [4], got per-sample "
        "[4]");
  CHECK(message_of([&] { group_norm(Tensor::zeros({4}), 2, {}, {}); }) ==
        "[group_norm] The input must be per-sample [channels, ...], got shared [4]");
}
