#include <limits>

#include "layers/avg_pool2d.h"
#include "tests/catch.h"
#include "tests/golden.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

TEST_CASE("average pooling gives PyTorch's values and gradients", "[avg_pool2d][golden]") {
  check_golden("layers.json", "avg_pool2d", [](const GoldenCase& c, std::span<const Tensor> x) {
    return avg_pool2d(x[0], {.kernel = c.integer("kernel"),
                             .stride = c.integer("stride"),
                             .padding = c.integer("padding"),
                             .count_include_pad = c.integer("count_include_pad") != 0});
  });
  check_golden("padding.json", "avg_pool2d", [](const GoldenCase& c, std::span<const Tensor> x) {
    const auto pair = [&](const char* name) {
      const std::vector<double>& v = c.attributes.at(name);
      return Extent2(static_cast<int>(v[0]), static_cast<int>(v[1]));
    };
    return avg_pool2d(x[0], {.kernel = pair("kernel"),
                             .stride = pair("stride"),
                             .padding = pair("padding"),
                             .count_include_pad = c.integer("count_include_pad") != 0,
                             .ceil_mode = c.integer("ceil") != 0});
  });
  check_golden(
      "layers.json", "adaptive_avg_pool2d", [](const GoldenCase& c, std::span<const Tensor> x) {
        const std::vector<double>& size = c.attributes.at("size");
        return adaptive_avg_pool2d(x[0], static_cast<int>(size[0]), static_cast<int>(size[1]));
      });
}

TEST_CASE("average pooling has the gradients of its differences", "[avg_pool2d][gradcheck]") {
  const Tensor x = random_tensor({2, 5, 6}, Kind::per_sample);
  const AvgPool2dOptions all[] = {
      {.kernel = 2},
      {.kernel = 3, .stride = 2, .padding = 1},
      {.kernel = 3, .stride = 1, .padding = 1, .count_include_pad = false},
      {.kernel = 2, .stride = 3},
      {.kernel = {3, 4}, .stride = {1, 3}, .padding = {0, 2}},
      {.kernel = 3, .stride = 4, .padding = 1, .ceil_mode = true}};
  for (const AvgPool2dOptions& options : all)
    check_gradients("avg_pool2d",
                    [&](std::span<const Tensor> in) { return avg_pool2d(in[0], options); }, {x});
  for (int size : {1, 3, 4, 7})
    check_gradients("adaptive_avg_pool2d",
                    [&](std::span<const Tensor> in) { return adaptive_avg_pool2d(in[0], size, 2); },
                    {x});
}

TEST_CASE("average pooling modules describe themselves as PyTorch", "[avg_pool2d]") {
  const AvgPool2d pool({.kernel = 2});
  CHECK(pool.describe() == "AvgPool2d(kernel_size=2, stride=2, padding=0)");
  CHECK(pool(Tensor::zeros({3, 5, 4}, true)).shape() == Shape{3, 2, 2});
  CHECK(AvgPool2d({.kernel = {2, 3}, .stride = 1, .count_include_pad = false, .ceil_mode = true})
            .describe() ==
        "AvgPool2d(kernel_size=(2, 3), stride=1, padding=0, ceil_mode=True, "
        "count_include_pad=False)");
  const AdaptiveAvgPool2d adaptive(1, 2);
  CHECK(adaptive.describe() == "AdaptiveAvgPool2d(output_size=(1, 2))");
  CHECK(adaptive(Tensor::zeros({3, 5, 4}, true)).shape() == Shape{3, 1, 2});
}

TEST_CASE("average pooling says what does not fit", "[avg_pool2d]") {
  CHECK(message_of([] {
          avg_pool2d(Tensor::zeros({1, 2, 5}, true), {.kernel = 3});
        }) ==
        "[avg_pool2d] The window of 3x3 does not fit into an input with shape [1, 2, 5] and "
        "padding 0x0");
  CHECK(
      message_of([] {
        avg_pool2d(Tensor::zeros({1, 4, 4}), {.kernel = 2});
      }) ==
      "[avg_pool2d] The input must be per-sample [channels, height, width], got shared [1, 4, 4]");
  CHECK(message_of([] { AvgPool2d({.kernel = 2, .padding = 2}); }) ==
        "[avg_pool2d] Takes kernel >= 1, stride >= 1 and 0 <= padding <= kernel / 2, got kernel "
        "2x2, stride 2x2, padding 2x2");
  CHECK(message_of([] {
          AvgPool2d({.kernel = {2, 0}});
        }).find("[avg_pool2d] Takes kernel >= 1") == 0);
  CHECK(message_of([] {
          AvgPool2d({.kernel = 2, .stride = {0, 1}});
        }).find("[avg_pool2d] Takes kernel") == 0);
  CHECK(message_of([] {
          adaptive_avg_pool2d(Tensor::zeros({4, 4}, true), 1, 1);
        }) ==
        "[adaptive_avg_pool2d] The input must be per-sample [channels, height, width], got "
        "per-sample [4, 4]");
  CHECK(message_of([] { AdaptiveAvgPool2d(0, 1); }) ==
        "[AdaptiveAvgPool2d] The output size must be positive, got 0x1");
}

TEST_CASE("average pooling in ceil_mode with a stride beyond all bounds", "[avg_pool2d][odd]") {
  constexpr int most = std::numeric_limits<int>::max();
  Tensor x = Tensor::zeros({1, 4, 4}, true);
  x.fill(3);
  const Tensor y = avg_pool2d(x, {.kernel = most, .stride = most, .ceil_mode = true});
  REQUIRE(y.shape() == Shape{1, 1, 1});
  CHECK(y[0][2] == 3);  // what is beyond the end is not counted
}
