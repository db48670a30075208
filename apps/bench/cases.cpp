#include "apps/bench/cases.h"

#include "core/random.h"
#include "layers/activations.h"
#include "layers/affine_grid.h"
#include "layers/conv_pool.h"
#include "layers/dropout.h"
#include "layers/grid_sample.h"
#include "layers/linear.h"
#include "layers/losses.h"
#include "layers/max_pool2d.h"
#include "layers/spatial_transformer.h"

namespace fovea::bench {

namespace {

Tensor random_tensor(const Shape& shape, bool per_sample) {
  static Random rng(2);
  Tensor t = Tensor::zeros(shape, per_sample);
  for (Real& value : t.values()) value = static_cast<Real>(rng.normal());
  return t;
}

Case conv_case(const std::string& name, const Shape& input, const Conv2dOptions& o) {
  const double multiply_adds = 1.0 * o.in * o.out * o.kernel.h * o.kernel.w *
                               window_count(input[1], o.kernel.h) *
                               window_count(input[2], o.kernel.w);
  const Tensor w = random_tensor({o.out, o.in, o.kernel.h, o.kernel.w}, false);
  const Tensor b = random_tensor({o.out}, false);
  return {name, multiply_adds, random_tensor(input, true), {w, b}, [=](const Tensor& x) {
            return conv_pool_relu(x, w, b, o, {.kernel = 2});
          }};
}

Case linear_case(const std::string& name, int in, int out) {
  const double multiply_adds = 1.0 * in * out;
  const Tensor w = random_tensor({out, in}, false), b = random_tensor({out}, false);
  return {name, multiply_adds, random_tensor({in}, true), {w, b}, [=](const Tensor& x) {
            return linear(x, w, b);
          }};
}

// Grid and sampler; what counts as input is theta, near the identity as in training.
Case sampler_case(const Shape& image_shape) {
  const Tensor image = random_tensor(image_shape, true);
  const Tensor theta = random_tensor({2, 3}, true);
  for (int i = 0; i < 6; ++i) theta[i] = Real(0.05) * theta[i] + Real(i % 4 == 0);
  return {"grid + sampler", 51.0 * image_shape.size() / 3, theta, {}, [=](const Tensor& t) {
            return spatial_transform(image, t);
          }};
}

}  // namespace

std::vector<Case> layer_cases() {
  std::vector<Case> all;
  all.push_back(
      conv_case("localization.0 +pool+relu", {1, 28, 28}, {.in = 1, .out = 8, .kernel = 7}));
  all.back().input_grad = false;  // nobody wants the gradient of the image
  all.push_back(
      conv_case("localization.3 +pool+relu", {8, 11, 11}, {.in = 8, .out = 10, .kernel = 5}));
  all.push_back(linear_case("fc_loc.0", 90, 32));
  all.push_back(linear_case("fc_loc.2", 32, 6));
  all.push_back(sampler_case({1, 28, 28}));
  all.push_back(conv_case("conv1 +pool+relu", {1, 28, 28}, {.in = 1, .out = 10, .kernel = 5}));
  all.push_back(conv_case("conv2 +pool+relu", {10, 12, 12}, {.in = 10, .out = 20, .kernel = 5}));
  all.push_back({"dropout2d", 0, random_tensor({20, 4, 4}, true), {}, [](const Tensor& x) {
                   return dropout2d(x, Real(0.5));
                 }});
  all.push_back(linear_case("fc1", 320, 50));
  all.push_back({"relu + dropout", 0, random_tensor({50}, true), {}, [](const Tensor& x) {
                   return dropout(relu(x), Real(0.5));
                 }});
  all.push_back(linear_case("fc2", 50, 10));
  all.push_back({"log_softmax + nll_loss", 0, random_tensor({10}, true), {}, [](const Tensor& x) {
                   return nll_loss(log_softmax(x), Labels{});
                 }});
  return all;
}

namespace {

Case plain_conv(const Shape& input, const Conv2dOptions& o) {
  const Tensor w = random_tensor({o.out, o.in, o.kernel.h, o.kernel.w}, false);
  const Tensor b = random_tensor({o.out}, false);
  const int height = window_count(input[1], o.kernel.h, 1, o.padding.h);
  const int width = window_count(input[2], o.kernel.w, 1, o.padding.w);
  return {cat("conv2d ", o.kernel.h, "x", o.kernel.w, ", ", o.in, " -> ", o.out, ", ", input[1],
              "x", input[2]),
          1.0 * w.size() * height * width,
          random_tensor(input, true),
          {w, b},
          [=](const Tensor& x) { return conv2d(x, w, b, o); },
          true,
          "conv2d",
          {{"in", o.in},
           {"out", o.out},
           {"kernel", o.kernel.h},
           {"padding", o.padding.h},
           {"height", input[1]},
           {"width", input[2]}}};
}

Case max_pool(const Shape& input) {
  return {cat("max_pool2d 2x2, ", input[0], " x ", input[1], "x", input[2]),
          0,
          random_tensor(input, true),
          {},
          [](const Tensor& x) { return max_pool2d(x, {.kernel = 2}); },
          true,
          "max_pool2d",
          {{"in", input[0]}, {"height", input[1]}, {"width", input[2]}}};
}

Case sample(const Shape& input) {
  Tensor grid = random_tensor({input[1], input[2], 2}, true);
  for (Real& value : grid.values()) value *= Real(0.4);
  return {cat("grid_sample, ", input[0], " x ", input[1], "x", input[2]),
          0,
          random_tensor(input, true),
          {},
          [=](const Tensor& x) { return grid_sample(x, grid); },
          true,
          "grid_sample",
          {{"in", input[0]}, {"height", input[1]}, {"width", input[2]}}};
}

}  // namespace

std::vector<Case> operation_cases() {
  std::vector<Case> all;
  all.push_back(plain_conv({32, 32, 32}, {.in = 32, .out = 32, .kernel = 3, .padding = 1}));
  all.push_back(plain_conv({64, 16, 16}, {.in = 64, .out = 64, .kernel = 3, .padding = 1}));
  all.push_back(plain_conv({128, 8, 8}, {.in = 128, .out = 128, .kernel = 3, .padding = 1}));
  all.push_back(plain_conv({32, 16, 16}, {.in = 32, .out = 64, .kernel = 3, .padding = 1}));
  all.push_back(plain_conv({64, 13, 13}, {.in = 64, .out = 128, .kernel = 5}));
  all.push_back(plain_conv({3, 32, 32}, {.in = 3, .out = 64, .kernel = 7}));
  all.push_back(plain_conv({60, 10, 10}, {.in = 60, .out = 120, .kernel = 7}));
  all.push_back(plain_conv({1, 28, 28}, {.in = 1, .out = 60, .kernel = 9}));
  all.push_back(sample({3, 32, 32}));
  all.push_back(max_pool({64, 16, 16}));
  Case linear = linear_case("linear, 1024 -> 256", 1024, 256);
  linear.operation = "linear", linear.sizes = {{"in", 1024}, {"out", 256}};
  all.push_back(linear);
  return all;
}

}  // namespace fovea::bench
