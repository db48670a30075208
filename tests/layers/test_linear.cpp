#include <cmath>

#include "core/autograd.h"
#include "layers/linear.h"
#include "tests/catch.h"
#include "tests/golden.h"
#include "tests/reference.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

// Forward and gradients against plain loops; whole numbers, so without tolerance.
void check_exact(int in, int out, bool with_bias) {
  INFO(out << " x " << in << (with_bias ? ", bias" : ""));
  Tensor x = random_integers({in}, true, 1), w = random_integers({out, in}, false, 2);
  Tensor b = with_bias ? random_integers({out}, false, 3) : Tensor();
  for (Tensor* input : {&x, &w, &b})
    if (*input) input->set_requires_grad();
  const Tensor y = linear(x, w, b);
  REQUIRE(difference(y, reference::linear(x, w, b)) == 0);
  const Tensor dy = random_integers({out}, true, 4);
  backward(y, dy);
  const Tensor dx = Tensor::zeros({in}, true), dw = Tensor::zeros({out, in});
  const Tensor db = Tensor::zeros({out});
  for (int lane = 0; lane < lane_count; ++lane)
    for (int o = 0; o < out; ++o) {
      db.data()[o] += dy[o][lane];
      for (int i = 0; i < in; ++i) {
        dx[i][lane] += w.data()[o * in + i] * dy[o][lane];
        dw.data()[o * in + i] += dy[o][lane] * x[i][lane];
      }
    }
  CHECK(difference(x.grad(), dx) == 0);
  CHECK(difference(w.grad(), dw) == 0);
  if (with_bias) CHECK(difference(b.grad(), db) == 0);
}

}  // namespace

TEST_CASE("a fully connected layer equals plain loops", "[linear]") {
  for (int in : {1, 2, 3, 7, 16, 17, 33})
    for (int out : {1, 2, 5, 8, 13, 16, 31})
      for (bool bias : {false, true}) check_exact(in, out, bias);
  check_exact(320, 50, true);
  check_exact(90, 32, true);
  check_exact(1000, 3, true);
}

TEST_CASE("a fully connected layer takes its input in any shape", "[linear]") {
  const Tensor x = random_integers({2, 3, 4}, true, 1), w = random_integers({5, 24}, false, 2);
  CHECK(difference(linear(x, w, {}), linear(x.reshape({24}), w, {})) == 0);
  Tensor leaf = x.detach();
  leaf.set_requires_grad();
  backward(linear(leaf, w, {}));
  CHECK(leaf.grad().shape() == Shape{2, 3, 4});
}

TEST_CASE("a fully connected layer gives PyTorch's values and gradients", "[linear][golden]") {
  check_golden("conv.json", "linear", [](const GoldenCase&, std::span<const Tensor> in) {
    return linear(in[0], in[1], in[2]);
  });
}

TEST_CASE("a fully connected layer has the gradients of its differences", "[linear][gradcheck]") {
  const Tensor x = random_tensor({2, 3}, Kind::per_sample);
  const Tensor w = random_tensor({4, 6}, Kind::shared, 2), b = random_tensor({4}, Kind::shared, 3);
  check_gradients("linear", [](std::span<const Tensor> in) { return linear(in[0], in[1], in[2]); },
                  {x, w, b});
  check_gradients("linear without bias",
                  [](std::span<const Tensor> in) { return linear(in[0], in[1], {}); }, {x, w});
  check_gradients("two linears",
                  [](std::span<const Tensor> in) {
                    return linear(linear(in[0], in[1], {}), in[2], {}).reshape({2, 2});
                  },
                  {x, w, random_tensor({4, 4}, Kind::shared, 5)});
}

TEST_CASE("a Linear owns its parameters and describes itself as PyTorch", "[linear]") {
  Random rng(1);
  const Linear layer({.in = 25, .out = 3}, rng);
  CHECK(layer.describe() == "Linear(in_features=25, out_features=3, bias=True)");
  REQUIRE(layer.named_parameters().size() == 2);
  CHECK(layer.named_parameters()[0].name == "weight");
  CHECK(layer.weight().shape() == Shape{3, 25});
  CHECK(layer.named_parameters()[1].name == "bias");
  CHECK(layer.bias().shape() == Shape{3});
  for (const Tensor& p : layer.parameters())
    for (Real value : p.values())
      CHECK(std::abs(static_cast<double>(value)) <= 0.2);  // 1 / sqrt(25)
  const Linear bare({.in = 2, .out = 3, .bias = false}, rng);
  CHECK(bare.describe() == "Linear(in_features=2, out_features=3, bias=False)");
  CHECK(bare.parameter_count() == 6);
  CHECK(bare(Tensor::zeros({1, 2}, true)).shape() == Shape{3});
}

TEST_CASE("a fully connected layer says what does not fit", "[linear]") {
  const Tensor w = Tensor::zeros({4, 3}), x = Tensor::zeros({3}, true);
  CHECK(message_of([&] {
          linear(Tensor::zeros({2, 2}, true), w, {});
        }) ==
        "[linear] input must be per-sample with 3 elements to match weight [4, 3], got "
        "per-sample [2, 2]");
  CHECK(message_of([&] { linear(Tensor::zeros({3}), w, {}); }) ==
        "[linear] input must be per-sample with 3 elements to match weight [4, 3], got shared [3]");
  CHECK(message_of([&] { linear(x, Tensor::zeros({3}), {}); }) ==
        "[linear] weight must be shared [out, in], got shared [3]");
  CHECK(message_of([&] {
          linear(x, Tensor::zeros({4, 3}, true), {});
        }) == "[linear] weight must be shared [out, in], got per-sample [4, 3]");
  CHECK(message_of([&] { linear(x, w, Tensor::zeros({3})); }) ==
        "[linear] bias must be shared [4], got shared [3]");
  Random rng(1);
  CHECK(message_of([&] { Linear({.in = 0, .out = 2}, rng); }) ==
        "[linear] in and out must be positive, got 0 and 2");
}
