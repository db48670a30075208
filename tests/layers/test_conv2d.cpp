#include "core/autograd.h"
#include "tests/catch.h"
#include "tests/conv_way.h"
#include "tests/golden.h"
#include "tests/reference.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

Shape weight_shape(const Conv2dOptions& o) {
  return {o.out, o.in / o.groups, o.kernel.h, o.kernel.w};
}

// Compares forward and all gradients with the naive loops; whole numbers, so without tolerance.
void check_exact(int height, int width, const Conv2dOptions& o) {
  const UseConv direct(ConvWay::direct);  // Winograd rounds: test_winograd.cpp
  INFO("input " << o.in << "x" << height << "x" << width << ", out " << o.out << ", kernel "
                << o.kernel.h << "x" << o.kernel.w << ", stride " << o.stride.h << "x" << o.stride.w
                << ", padding " << o.padding.h << "x" << o.padding.w << ", dilation "
                << o.dilation.h << "x" << o.dilation.w << ", groups " << o.groups);
  Tensor x = random_integers({o.in, height, width}, true, 1);
  Tensor w = random_integers(weight_shape(o), false, 2);
  Tensor b = o.bias ? random_integers({o.out}, false, 3) : Tensor();
  for (Tensor* input : {&x, &w, &b})
    if (*input) input->set_requires_grad();
  const Tensor y = conv2d(x, w, b, o);
  REQUIRE(difference(y, reference::conv2d(x, w, b, o)) == 0);
  const Tensor dy = random_integers(y.shape(), true, 4);
  backward(y, dy);
  CHECK(difference(x.grad(), reference::conv2d_input_grad(dy, w, x.shape(), o)) == 0);
  CHECK(difference(w.grad(), reference::conv2d_weight_grad(dy, x, o)) == 0);
  if (o.bias) CHECK(difference(b.grad(), reference::conv2d_bias_grad(dy)) == 0);
}

int reach(int kernel, int dilation) {
  return dilation * (kernel - 1) + 1;
}

}  // namespace

TEST_CASE("convolution equals the naive loops for every number of channels", "[conv2d]") {
  for (int in = 1; in <= 4; ++in)
    for (int out = 1; out <= 13; ++out) check_exact(4, 6, {.in = in, .out = out, .kernel = 3});
}

TEST_CASE("convolution equals the naive loops for every output size", "[conv2d]") {
  for (int height = 1; height <= 3; ++height)  // blocks of 4 and 8 positions, and what is left
    for (int width = 1; width <= 19; ++width) {
      check_exact(height, width, {.in = 1, .out = 2, .kernel = 1});
      check_exact(height + 1, width + 2, {.in = 2, .out = 7, .kernel = {2, 3}});
    }
}

TEST_CASE("convolution equals the naive loops for every kernel, stride and padding", "[conv2d]") {
  const Extent2 kernels[] = {1, 2, 3, 5, 7, 9, {1, 3}, {3, 1}, {2, 5}, {7, 4}, {1, 11}, {6, 1}};
  for (const Extent2 kernel : kernels)
    for (int stride = 1; stride <= 3; ++stride)
      for (int padding = 0; padding <= 3; ++padding)
        for (int dilation = 1; dilation <= 2; ++dilation) {
          const int height = std::max(1, reach(kernel.h, dilation) - 2 * padding + stride);
          const int width = std::max(1, reach(kernel.w, dilation) - 2 * padding + 2 * stride);
          check_exact(height, width,
                      {.in = 2,
                       .out = 3,
                       .kernel = kernel,
                       .stride = stride,
                       .padding = padding,
                       .dilation = dilation,
                       .bias = padding % 2 == 0});
        }
}

TEST_CASE("convolution equals the naive loops where height and width differ", "[conv2d]") {
  for (int stride : {1, 2})
    for (int padding : {0, 2})
      for (int dilation : {1, 2, 3}) {
        check_exact(7, 9,
                    {.in = 2,
                     .out = 6,
                     .kernel = {3, 2},
                     .stride = {stride, 1},
                     .padding = {padding, 1},
                     .dilation = {dilation, 1}});
        check_exact(5, 12,
                    {.in = 3,
                     .out = 5,
                     .kernel = {2, 4},
                     .stride = {1, stride},
                     .padding = {0, padding},
                     .dilation = {1, dilation}});
      }
}

TEST_CASE("convolution equals the naive loops with groups", "[conv2d]") {
  for (int groups : {2, 3, 4})
    for (int in : {1, 2, 3})
      for (int out : {1, 2, 7})
        for (int padding : {0, 1})
          check_exact(5, 5,
                      {.in = in * groups,
                       .out = out * groups,
                       .kernel = 3,
                       .stride = 1 + padding,
                       .padding = padding,
                       .groups = groups,
                       .bias = out != 2});
}

TEST_CASE("convolution takes images of one pixel", "[conv2d]") {
  for (int padding = 1; padding <= 4; ++padding)
    check_exact(1, 1, {.in = 3, .out = 8, .kernel = 2 * padding + 1, .padding = padding});
  check_exact(1, 1, {.in = 4, .out = 13, .kernel = 1});
}

TEST_CASE("convolution has the shapes of the tutorial's layers", "[conv2d]") {
  check_exact(28, 28, {.in = 1, .out = 8, .kernel = 7});
  check_exact(11, 11, {.in = 8, .out = 10, .kernel = 5});
  check_exact(12, 12, {.in = 10, .out = 20, .kernel = 5});
}

TEST_CASE("convolution gives PyTorch's values and gradients", "[conv2d][golden]") {
  check_golden("conv.json", "conv2d", [](const GoldenCase& c, std::span<const Tensor> in) {
    const auto pair = [&](const char* name) {
      const std::vector<double>& v = c.attributes.at(name);
      return Extent2(static_cast<int>(v[0]), static_cast<int>(v[1]));
    };
    const Shape& w = in[1].shape();
    return conv2d(in[0], in[1], in[2],
                  {.in = in[0].shape()[0],
                   .out = w[0],
                   .kernel = {w[2], w[3]},
                   .stride = pair("stride"),
                   .padding = pair("padding"),
                   .dilation = pair("dilation"),
                   .groups = c.integer("groups")});
  });
}

TEST_CASE("convolution has the gradients of its differences", "[conv2d][gradcheck]") {
  const Conv2dOptions all[] = {
      {.in = 2, .out = 3, .kernel = 2},
      {.in = 1, .out = 2, .kernel = {3, 2}, .stride = {2, 1}, .padding = 1},
      {.in = 2, .out = 2, .kernel = 2, .padding = {1, 0}, .dilation = 2, .groups = 2},
      {.in = 2, .out = 7, .kernel = {1, 3}, .stride = 2, .padding = {0, 2}}};
  for (const Conv2dOptions& o : all) {
    const Tensor x = random_tensor({o.in, 4, 3}, Kind::per_sample);
    const Tensor w = random_tensor(weight_shape(o), Kind::shared, 2);
    const Tensor b = random_tensor({o.out}, Kind::shared, 3);
    check_gradients("conv2d",
                    [&](std::span<const Tensor> in) { return conv2d(in[0], in[1], in[2], o); },
                    {x, w, b});
    check_gradients("conv2d without bias",
                    [&](std::span<const Tensor> in) { return conv2d(in[0], in[1], {}, o); },
                    {x, w});
  }
}

TEST_CASE("a Conv2d owns its parameters and describes itself as PyTorch", "[conv2d]") {
  Random rng(1);
  const Conv2d plain({.in = 2, .out = 3, .kernel = {3, 2}}, rng);
  CHECK(plain.describe() == "Conv2d(2, 3, kernel_size=(3, 2), stride=(1, 1))");
  REQUIRE(plain.named_parameters().size() == 2);
  CHECK(plain.named_parameters()[0].name == "weight");
  CHECK(plain.weight().shape() == Shape{3, 2, 3, 2});
  CHECK(plain.named_parameters()[1].name == "bias");
  CHECK(plain.bias().shape() == Shape{3});
  const double bound = 1 / std::sqrt(12.0);  // 1 / sqrt(fan in)
  for (const Tensor& p : plain.parameters())
    for (Real value : p.values()) CHECK(std::abs(static_cast<double>(value)) <= bound);
  const Tensor x = random_integers({2, 4, 4}, true, 1);
  CHECK(difference(plain(x), conv2d(x, plain.weight(), plain.bias(), plain.options())) == 0);

  const Conv2d all({.in = 4,
                    .out = 6,
                    .kernel = 3,
                    .stride = 2,
                    .padding = {1, 0},
                    .dilation = 2,
                    .groups = 2,
                    .bias = false},
                   rng);
  CHECK(all.describe() ==
        "Conv2d(4, 6, kernel_size=(3, 3), stride=(2, 2), padding=(1, 0), dilation=(2, 2), "
        "groups=2, bias=False)");
  CHECK(!all.bias());
  CHECK(all.parameter_count() == 6 * 2 * 9);
  CHECK(all(Tensor::zeros({4, 5, 7}, true)).shape() == Shape{6, 2, 2});
}

TEST_CASE("convolution says what does not fit", "[conv2d]") {
  const auto message = [](const Tensor& x, const Tensor& w, const Tensor& b, Conv2dOptions o) {
    return message_of([&] { conv2d(x, w, b, o); });
  };
  const Tensor x = Tensor::zeros({2, 4, 5}, true), w = Tensor::zeros({3, 2, 3, 3});
  const Conv2dOptions o{.in = 2, .out = 3, .kernel = 3};
  REQUIRE(message(x, w, {}, o) == "");
  CHECK(message(Tensor::zeros({1, 4, 5}, true), w, {}, o) ==
        "[conv2d] input must be per-sample [2, H, W], got per-sample [1, 4, 5]");
  CHECK(message(Tensor::zeros({2, 4, 5}), w, {}, o) ==
        "[conv2d] input must be per-sample [2, H, W], got shared [2, 4, 5]");
  CHECK(message(Tensor::zeros({4, 5}, true), w, {}, o) ==
        "[conv2d] input must be per-sample [2, H, W], got per-sample [4, 5]");
  CHECK(message(x, Tensor::zeros({3, 1, 3, 3}), {}, o) ==
        "[conv2d] weight must be shared [3, 2, 3, 3], got shared [3, 1, 3, 3]");
  CHECK(message(x, w, Tensor::zeros({2}), o) == "[conv2d] bias must be shared [3], got shared [2]");
  CHECK(message(x, Tensor::zeros({3, 2, 5, 5}), {}, {.in = 2, .out = 3, .kernel = 5}) ==
        "[conv2d] a kernel that reaches over 5x5 does not fit the input [2, 4, 5] with padding "
        "0x0");
  CHECK(message(x, w, {}, {.in = 2, .out = 3, .kernel = 3, .padding = {1, 0}, .dilation = 3}) ==
        "[conv2d] a kernel that reaches over 7x7 does not fit the input [2, 4, 5] with padding "
        "1x0 and dilation 3x3");
  CHECK(message(x, w, {}, {.in = 2, .out = 3, .kernel = 3, .groups = 2}) ==
        "[conv2d] groups=2 must divide in=2 and out=3");
  const char* positive =
      "[conv2d] kernel, stride and dilation must be positive and padding not negative";
  CHECK(message(x, w, {}, {.in = 2, .out = 3, .kernel = 3, .stride = 0}) == positive);
  CHECK(message(x, w, {}, {.in = 2, .out = 3, .kernel = 3, .padding = -1}) == positive);
  Random rng(1);
  CHECK(message_of([&] { Conv2d({.in = 0, .out = 3, .kernel = 3}, rng); }) ==
        "[conv2d] channels and groups must be positive: in=0, out=3, groups=1");
}
