#include <cmath>
#include <limits>

#include "core/autograd.h"
#include "tests/catch.h"
#include "tests/golden.h"
#include "tests/reference.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

constexpr Real not_a_number = std::numeric_limits<Real>::quiet_NaN();

// Compares with the naive loops. Few different values, so that ties abound.
void check_exact(const Shape& shape, const MaxPool2dOptions& o) {
  INFO("input " << cat(shape) << ", kernel " << o.kernel.h << "x" << o.kernel.w << ", stride "
                << o.stride.h << "x" << o.stride.w << ", padding " << o.padding.h << "x"
                << o.padding.w);
  Tensor x = random_integers(shape, true, 1);
  x.set_requires_grad();
  const Tensor y = max_pool2d(x, o);
  REQUIRE(difference(y, reference::max_pool2d(x, o)) == 0);
  const Tensor dy = random_integers(y.shape(), true, 2);
  backward(y, dy);
  CHECK(difference(x.grad(), reference::max_pool2d_grad(dy, x, o)) == 0);
}

// The gradient of the sum of max_pool2d(x).
Tensor gradient(Tensor x, const MaxPool2dOptions& o) {
  x.set_requires_grad();
  backward(max_pool2d(x, o));
  return x.grad();
}

}  // namespace

TEST_CASE("max pooling equals the naive loops", "[max_pool2d]") {
  const Extent2 kernels[] = {1, 2, 3, 4, {1, 3}, {3, 2}, {2, 5}};
  for (const Extent2 kernel : kernels)
    for (int stride_h = 1; stride_h <= 3; ++stride_h)
      for (int stride_w = 1; stride_w <= 3; ++stride_w)
        for (int padding_h = 0; padding_h <= kernel.h / 2; ++padding_h)
          for (int padding_w = 0; padding_w <= kernel.w / 2; ++padding_w)
            check_exact({2, 5, 6}, {.kernel = kernel,
                                    .stride = {stride_h, stride_w},
                                    .padding = {padding_h, padding_w}});
}

TEST_CASE("max pooling equals the naive loops for all sizes", "[max_pool2d]") {
  for (int height = 2; height <= 7; ++height)
    for (int width = 2; width <= 17; ++width) check_exact({1, height, width}, {.kernel = 2});
  check_exact({3, 1, 1}, {.kernel = 2, .padding = 1});
  check_exact({1, 24, 24}, {.kernel = 2});
  check_exact({1, 22, 22}, {.kernel = 2});
}

TEST_CASE("max pooling with dilation and ceil_mode equals the naive loops", "[max_pool2d]") {
  for (const bool ceil : {false, true})
    for (const Extent2 kernel : {Extent2(2), Extent2(3), Extent2(2, 3), Extent2(1, 2)})
      for (int stride = 1; stride <= 4; ++stride)
        for (const Extent2 dilation : {Extent2(1), Extent2(2), Extent2(3, 1), Extent2(1, 4)})
          for (int padding_h = 0; padding_h <= kernel.h / 2; ++padding_h)
            for (int height = 7; height <= 9; ++height)
              check_exact({1, height, 9}, {.kernel = kernel,
                                           .stride = {stride, 2},
                                           .padding = {padding_h, kernel.w / 2},
                                           .dilation = dilation,
                                           .ceil_mode = ceil});
}

TEST_CASE("a dilated window that meets nothing gives -infinity", "[max_pool2d]") {
  const Tensor x = random_integers({1, 4, 4}, true, 1);
  const MaxPool2dOptions o{.kernel = 2, .padding = 1, .dilation = 5};
  const Tensor y = max_pool2d(x, o);  // its corners are all outside
  REQUIRE(y.shape() == Shape{1, 1, 1});
  CHECK(y[0][3] == -std::numeric_limits<Real>::infinity());
  const Tensor dx = gradient(x, o);
  for (const Real value : dx.values()) CHECK(value == 0);
}

TEST_CASE("max pooling with strides and dilations beyond all bounds", "[max_pool2d][odd]") {
  constexpr int most = std::numeric_limits<int>::max();
  const Tensor x = Tensor::zeros({1, 4, 4}, true);
  x.fill(3);
  CHECK(message_of([&] { max_pool2d(x, {.kernel = 2, .dilation = most}); }) ==
        "[max_pool2d] a window of 2x2 does not fit the input [1, 4, 4]");
  for (int dilation : {3, 4, most / 2, most - 1, most}) {
    const MaxPool2dOptions o{.kernel = 2, .stride = most, .dilation = dilation, .ceil_mode = true};
    const Tensor y = max_pool2d(x, o);  // a stride so long makes room for any reach
    REQUIRE(y.shape() == Shape{1, 1, 1});
    CHECK(y[0][5] == 3);
    CHECK(gradient(x.clone(), o)[0][5] == 1);
  }
}

TEST_CASE("max pooling leaves out what fills no window", "[max_pool2d]") {
  const Tensor x = random_integers({1, 5, 7}, true, 1);
  CHECK(max_pool2d(x, {.kernel = 2}).shape() == Shape{1, 2, 3});
  const Tensor dx = gradient(x, {.kernel = 2});
  for (int lane = 0; lane < lane_count; ++lane) {
    for (int j = 0; j < 7; ++j) CHECK(reference::at(dx, lane, 0, 4, j) == 0);
    for (int i = 0; i < 5; ++i) CHECK(reference::at(dx, lane, 0, i, 6) == 0);
  }
}

TEST_CASE("among equal values the first takes the gradient", "[max_pool2d]") {
  const Tensor x = Tensor::zeros({1, 4, 4}, true);
  for (int lane = 0; lane < lane_count; ++lane)
    reference::at(x, lane, 0, 3, 2) = reference::at(x, lane, 0, 3, 3) = 1;
  const Tensor dx = gradient(x, {.kernel = 2});
  const int expected[16] = {1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0};
  for (int i = 0; i < 16; ++i)
    for (int lane = 0; lane < lane_count; ++lane)
      CHECK(dx[i][lane] == static_cast<Real>(expected[i]));
  // Negative zero is no smaller than zero.
  const Tensor zeros = Tensor::zeros({1, 1, 2}, true);
  zeros[0] = broadcast(Real(-0.0));
  CHECK(gradient(zeros, {.kernel = {1, 2}})[0][5] == 1);
}

TEST_CASE("a NaN wins over every number", "[max_pool2d]") {
  for (int place = 0; place < 4; ++place) {
    Tensor x = random_integers({1, 2, 2}, true, 1);
    const int lane = 3 * place;
    x[place][lane] = not_a_number;
    const Tensor y = max_pool2d(x, {.kernel = 2}), dx = gradient(x, {.kernel = 2});
    for (int i = 0; i < lane_count; ++i) CHECK(std::isnan(y[0][i]) == (i == lane));
    for (int i = 0; i < 4; ++i) CHECK(dx[i][lane] == static_cast<Real>(i == place));
  }
}

TEST_CASE("padding never wins", "[max_pool2d]") {
  const Tensor x = Tensor::zeros({1, 3, 3}, true);
  x.fill(-std::numeric_limits<Real>::infinity());
  x[4] = broadcast(-5);
  const Tensor y = max_pool2d(x, {.kernel = 2, .stride = 1, .padding = 1});
  REQUIRE(y.shape() == Shape{1, 4, 4});
  for (int i = 0; i < 4; ++i)
    for (int j = 0; j < 4; ++j)
      CHECK(reference::at(y, 7, 0, i, j) ==
            (i >= 1 && i <= 2 && j >= 1 && j <= 2 ? -5 : -std::numeric_limits<Real>::infinity()));
  CHECK(gradient(x, {.kernel = 2, .stride = 1, .padding = 1})[4][0] == 4);
}

TEST_CASE("max pooling gives PyTorch's values and gradients", "[max_pool2d][golden]") {
  check_golden("conv.json", "max_pool2d", [](const GoldenCase& c, std::span<const Tensor> in) {
    const auto pair = [&](const char* name) {
      const std::vector<double>& v = c.attributes.at(name);
      return Extent2(static_cast<int>(v[0]), static_cast<int>(v[1]));
    };
    return max_pool2d(
        in[0], {.kernel = pair("kernel"), .stride = pair("stride"), .padding = pair("padding")});
  });
}

TEST_CASE("ceil_mode and dilation give PyTorch's values and gradients", "[max_pool2d][golden]") {
  check_golden("padding.json", "max_pool2d", [](const GoldenCase& c, std::span<const Tensor> in) {
    const auto pair = [&](const char* name) {
      const std::vector<double>& v = c.attributes.at(name);
      return Extent2(static_cast<int>(v[0]), static_cast<int>(v[1]));
    };
    return max_pool2d(in[0], {.kernel = pair("kernel"),
                              .stride = pair("stride"),
                              .padding = pair("padding"),
                              .dilation = pair("dilation"),
                              .ceil_mode = c.integer("ceil") != 0});
  });
}

TEST_CASE("max pooling has the gradients of its differences", "[max_pool2d][gradcheck]") {
  const MaxPool2dOptions all[] = {{.kernel = 2},
                                  {.kernel = 3, .stride = 1},
                                  {.kernel = {3, 2}, .stride = 2, .padding = 1},
                                  {.kernel = {1, 2}, .stride = {2, 3}},
                                  {.kernel = 2, .stride = 3, .ceil_mode = true},
                                  {.kernel = 2, .padding = 1, .dilation = {2, 3}}};
  const Tensor x = random_distinct({2, 5, 5}, Kind::per_sample);
  for (const MaxPool2dOptions& o : all)
    check_gradients("max_pool2d", [&](std::span<const Tensor> in) { return max_pool2d(in[0], o); },
                    {x});
}

TEST_CASE("a MaxPool2d describes itself as PyTorch", "[max_pool2d]") {
  CHECK(MaxPool2d({.kernel = 2}).describe() == "MaxPool2d(kernel_size=2, stride=2, padding=0)");
  const MaxPool2d pool({.kernel = {3, 2}, .stride = {2, 1}, .padding = 1});
  CHECK(pool.describe() == "MaxPool2d(kernel_size=(3, 2), stride=(2, 1), padding=1)");
  CHECK(pool(Tensor::zeros({2, 5, 4}, true)).shape() == Shape{2, 3, 5});
  CHECK(MaxPool2d({.kernel = 2, .dilation = {1, 2}, .ceil_mode = true}).describe() ==
        "MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=(1, 2), ceil_mode=True)");
}

TEST_CASE("max pooling says what does not fit", "[max_pool2d]") {
  const auto message = [](const Tensor& x, const MaxPool2dOptions& o) {
    return message_of([&] { max_pool2d(x, o); });
  };
  const Tensor x = Tensor::zeros({2, 4, 5}, true);
  CHECK(message(Tensor::zeros({2, 4, 5}), {.kernel = 2}) ==
        "[max_pool2d] input must be per-sample [C, H, W], got shared [2, 4, 5]");
  CHECK(message(Tensor::zeros({4, 5}, true), {.kernel = 2}) ==
        "[max_pool2d] input must be per-sample [C, H, W], got per-sample [4, 5]");
  CHECK(message(x, {.kernel = {5, 2}}) ==
        "[max_pool2d] a window of 5x2 does not fit the input [2, 4, 5]");
  CHECK(message(x, {.kernel = 3, .padding = 2}) ==
        "[max_pool2d] padding must be at most half the kernel, got padding 2x2 with kernel 3x3");
  CHECK(message(x, {.kernel = 2, .dilation = 0}) == "[max_pool2d] dilation must be positive");
  CHECK(message(x, {.kernel = 2, .dilation = 5}) ==
        "[max_pool2d] a window of 2x2 does not fit the input [2, 4, 5]");
  CHECK(message(x, {.kernel = 0}) == "[max_pool2d] kernel and stride must be positive");
  CHECK(message_of([] {
          MaxPool2d({.kernel = 2, .stride = {1, 0}});
        }) == "[max_pool2d] kernel and stride must be positive");
}
