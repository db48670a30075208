// Operations on empty tensors and with extreme options: what is defined is computed, all else is an
// error that names what is wrong. `make asan TESTS='[odd]'` sees whatever is read out of bounds.
#include <cmath>
#include <limits>

#include "core/autograd.h"
#include "core/step.h"
#include "layers/activations.h"
#include "layers/arithmetic.h"
#include "layers/avg_pool2d.h"
#include "layers/conv_pool.h"
#include "layers/dropout.h"
#include "layers/group_norm.h"
#include "layers/linear.h"
#include "layers/losses.h"
#include "layers/matmul.h"
#include "layers/reduce.h"
#include "layers/shape_ops.h"
#include "layers/spatial_transformer.h"
#include "tests/catch.h"
#include "tests/reference.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

constexpr int most = std::numeric_limits<int>::max();
constexpr Real inf = std::numeric_limits<Real>::infinity();
constexpr Real not_a_number = std::numeric_limits<Real>::quiet_NaN();

Tensor leaf(const Shape& shape, bool per_sample) {
  return Tensor::zeros(shape, per_sample).set_requires_grad();
}

// The shape of an operation on x whose backward pass, too, must run; gradients are zeros of no
// elements, or of those that met nothing.
template <class F>
Shape shape_of(const Tensor& x, F f) {
  x.set_grad({});
  const Tensor y = f(x);
  backward(y);
  const Tensor grad = x.grad();
  for (std::size_t i = 0; grad && i < grad.real_count(); ++i) REQUIRE(grad.data()[i] == 0);
  return y.shape();
}

template <class F>
void check_error(const std::string& part, F f) {
  const std::string message = message_of(f);
  INFO("expected \"" << part << "\", got \"" << message << "\"");
  CHECK(message.find(part) != std::string::npos);
}

}  // namespace

TEST_CASE("softmax of nothing is nothing", "[activations][odd]") {
  for (bool per_sample : {false, true})
    for (auto* op : {&softmax, &log_softmax}) {
      const auto along = [&](const Shape& shape, int dim) {
        return shape_of(leaf(shape, per_sample), [&](const Tensor& x) { return op(x, dim); });
      };
      CHECK(along({0, 3}, 0) == Shape{0, 3});
      CHECK(along({0, 3}, 1) == Shape{0, 3});
      CHECK(along({3, 0}, 0) == Shape{3, 0});
      CHECK(along({3, 0}, 1) == Shape{3, 0});
      CHECK(along({2, 0, 3}, 1) == Shape{2, 0, 3});
      CHECK(along({0}, -1) == Shape{0});
    }
}

TEST_CASE("elementwise operations on nothing", "[arithmetic][odd]") {
  for (bool per_sample : {false, true})
    for (const Shape& shape : {Shape{0}, Shape{0, 3}, Shape{2, 0, 1}}) {
      const Tensor x = leaf(shape, per_sample), one = leaf({1}, !per_sample);
      for (auto* op : {&relu, &sigmoid, &tanh, &exp, &log, &sqrt, &abs, &negate, &sin, &cos, &silu,
                       &logsigmoid})
        CHECK(shape_of(x, op) == shape);
      using Unary = Tensor (*)(const Tensor&);
      const Unary with_options[] = {[](const Tensor& x) { return gelu(x); },
                                    [](const Tensor& x) { return elu(x); },
                                    [](const Tensor& x) { return leaky_relu(x); },
                                    [](const Tensor& x) { return softplus(x); },
                                    [](const Tensor& x) { return power(x, 3); },
                                    [](const Tensor& x) { return clamp(x, -1, 1); },
                                    [](const Tensor& x) { return x * 2 + 1; },
                                    [](const Tensor& x) { return x / 2; },
                                    [](const Tensor& x) { return dropout(x, Real(0.5)); },
                                    [](const Tensor& x) { return dropout2d(x, Real(0.5)); }};
      for (Unary op : with_options) CHECK(shape_of(x, op) == shape);
      using Binary = Tensor (*)(const Tensor&, const Tensor&);
      for (Binary op : {Binary(add), Binary(subtract), Binary(multiply), Binary(divide),
                        Binary(maximum), Binary(minimum), Binary(atan2), Binary(greater)}) {
        CHECK(shape_of(x, [&](const Tensor& x) { return op(x, one); }).size() == 0);
        CHECK(shape_of(one, [&](const Tensor& y) { return op(x, y); }).size() == 0);
      }
    }
}

TEST_CASE("sums and means of nothing", "[reduce][odd]") {
  for (bool per_sample : {false, true}) {
    const Tensor x = leaf({0, 3}, per_sample);
    CHECK(shape_of(x, [](const Tensor& x) { return sum(x); }) == Shape{});
    CHECK(shape_of(x, [](const Tensor& x) { return sum(x, {1}); }) == Shape{0});
    const Tensor rows = sum(x, {0});
    REQUIRE(rows.shape() == Shape{3});
    for (const Real value : rows.values()) CHECK(value == 0);
    CHECK(shape_of(x, [](const Tensor& x) { return mean(x, {1}); }) == Shape{0});
    CHECK(shape_of(x, [](const Tensor& x) { return mean(x, {1}, true); }) == Shape{0, 1});
    check_error("[mean] The mean over no elements, shape [0, 3]", [&] { mean(x, {0}); });
    check_error("[mean] The mean over no elements, shape [0, 3]", [&] { mean(x); });
  }
}

TEST_CASE("products with empty matrices", "[matmul][odd]") {
  for (bool lanes_a : {false, true})
    for (bool lanes_b : {false, true}) {
      INFO("per sample: " << lanes_a << ", " << lanes_b);
      for (const auto& [m, k, n] : {std::array{2, 0, 3}, {0, 4, 3}, {2, 4, 0}, {0, 0, 0}}) {
        const Tensor a = leaf({m, k}, lanes_a), b = leaf({k, n}, lanes_b);
        const Tensor c = matmul(a, b);
        REQUIRE(c.shape() == Shape{m, n});
        for (const Real value : c.values()) CHECK(value == 0);
        const auto left = [&, b = b](const Tensor& a) { return matmul(a, b.detach()); };
        const auto right = [&, a = a](const Tensor& b) { return matmul(a.detach(), b); };
        CHECK(shape_of(a, left) == Shape{m, n});
        CHECK(shape_of(b, right) == Shape{m, n});
      }
      CHECK(matmul(leaf({0}, lanes_a), leaf({0}, lanes_b)).shape() == Shape{});
    }
  for (const auto& [in, out] : {std::pair(0, 3), {3, 0}, {0, 0}}) {
    const Tensor x = leaf({in}, true), weight = leaf({out, in}, false), bias = leaf({out}, false);
    bias.fill(2);
    const Tensor y = linear(x, weight, bias);
    REQUIRE(y.shape() == Shape{out});
    for (const Real value : y.values()) CHECK(value == 2);
    CHECK(shape_of(x, [&, w = weight](const Tensor& x) { return linear(x, w, {}); }) == Shape{out});
  }
}

TEST_CASE("parts of empty tensors", "[shape_ops][odd]") {
  for (bool per_sample : {false, true}) {
    const Tensor x = leaf({0, 3}, per_sample), y = leaf({2, 3}, per_sample);
    const auto joined = [](const std::vector<Tensor>& in, int dim) { return concatenate(in, dim); };
    CHECK(joined({x, x}, 0).shape() == Shape{0, 3});
    CHECK(joined({x, x}, 1).shape() == Shape{0, 6});
    CHECK(shape_of(x, [&](const Tensor& x) { return joined({x, y, x}, 0); }) == Shape{2, 3});
    CHECK(shape_of(y, [](const Tensor& y) { return slice(y, 0, 1, 1); }) == Shape{0, 3});
    CHECK(shape_of(x, [](const Tensor& x) { return slice(x, 1, 0, 2); }) == Shape{0, 2});
    CHECK(shape_of(x, [](const Tensor& x) { return transpose(x, 0, 1); }) == Shape{3, 0});
    check_error("[slice] The range 0 to 1", [&] { slice(x, 0, 0, 1); });
    const Tensor wide = leaf({0, most}, per_sample);
    check_error("[concatenate] Dimension 1 would have 4294967294", [&] {
      joined({wide, wide}, 1);
    });
  }
  // What is empty has strides nevertheless.
  check_error("more than 2^31 elements", [] { Shape({0, 1 << 16, 1 << 16}); });
  check_error("more than 2^31 elements", [] { Shape({1 << 16, 1 << 16, 0}); });
  CHECK(Shape({1 << 15, 0, 1 << 15}).size() == 0);
}

TEST_CASE("pooling of empty images and with extreme options", "[max_pool2d][avg_pool2d][odd]") {
  for (const Shape& shape : {Shape{1, 0, 4}, Shape{1, 4, 0}, Shape{0, 4, 4}}) {
    const Tensor x = Tensor::zeros(shape, true);
    const std::string text = cat(shape);
    check_error(text, [&] { max_pool2d(x, {.kernel = 2, .padding = 1}); });
    check_error(text, [&] { max_pool2d(x, {.kernel = 1}); });
    check_error(text, [&] { avg_pool2d(x, {.kernel = 2, .padding = 1}); });
    check_error(text, [&] { adaptive_avg_pool2d(x, 1, 1); });
    check_error(text, [&] { group_norm(x, 1, {}, {}); });
    check_error(text, [&] { grid_sample(x, Tensor::zeros({1, 1, 2}, true)); });
    check_error(text, [&] { spatial_transform(x, Tensor::zeros({6}, true)); });
  }
  Tensor x = Tensor::zeros({1, 4, 4}, true);
  x.fill(3);
  x.set_requires_grad();
  for (int padding : {most, most / 2 + 1}) {
    check_error("padding", [&] { max_pool2d(x, {.kernel = 2, .padding = padding}); });
    check_error("padding", [&] { avg_pool2d(x, {.kernel = 2, .padding = padding}); });
  }
  check_error("does not fit", [&] { max_pool2d(x, {.kernel = most}); });
  check_error("does not fit", [&] { avg_pool2d(x, {.kernel = most}); });
  // One window reaches far over the image on all sides.
  const Tensor top = max_pool2d(x, {.kernel = most, .stride = most, .padding = most / 2});
  REQUIRE(top.shape() == Shape{1, 1, 1});
  CHECK(top[0][5] == 3);
  backward(top);
  CHECK(x.grad()[0][5] == 1);
  const AvgPool2dOptions wide{.kernel = most - 1, .stride = most, .padding = most / 2};
  CHECK(avg_pool2d(x, wide)[0][5] == Approx(48 / std::pow(most - 1.0, 2)).margin(0));
  const AvgPool2dOptions inside{
      .kernel = most - 1, .padding = most / 2, .count_include_pad = false};
  CHECK(avg_pool2d(x, inside)[0][5] == 3);
  check_error("[adaptive_avg_pool2d] The output size 2147483647x2",
              [&] { adaptive_avg_pool2d(x, most, 2); });
}

TEST_CASE("convolutions with extreme options", "[conv2d][odd]") {
  const Tensor x = Tensor::zeros({1, 4, 4}, true);
  const auto message = [&](const Conv2dOptions& o) {
    const Tensor weight = Tensor::zeros({o.out, o.in / o.groups, o.kernel.h, o.kernel.w});
    const std::string pooled = message_of([&] { conv_pool_relu(x, weight, {}, o, {.kernel = 2}); });
    const std::string plain = message_of([&] { conv2d(x, weight, {}, o); });
    CHECK(plain == pooled);
    return plain;
  };
  CHECK(message({.in = 1, .out = 1, .kernel = 3, .padding = most}) ==
        "[conv2d] the input [1, 4, 4] with padding 2147483647x2147483647 has more than 2^31 "
        "elements");
  check_error("padding 0x1073741824", [&] {
    fail(message({.in = 1, .out = 1, .kernel = 3, .padding = {0, 1 << 30}}));
  });
  CHECK(
      message({.in = 1, .out = 1, .kernel = 3, .dilation = 1 << 30}) ==
      "[conv2d] a kernel that reaches over 2147483649x2147483649 does not fit the input [1, 4, 4] "
      "with padding 0x0 and dilation 1073741824x1073741824");
  check_error("dilation 2147483647x2147483647", [&] {
    fail(message({.in = 1, .out = 1, .kernel = 3, .padding = 1, .dilation = most}));
  });
  check_error("[conv2d] a kernel of 1073741824x1073741824", [] {
    Random rng(1);
    Conv2d({.in = 1, .out = 1, .kernel = 1 << 30}, rng);
  });
  check_error("[conv2d] a kernel of 2147483647x1 for in=4 and out=4", [&] {
    conv2d(x, Tensor::zeros({1, 1, 1, 1}), {}, {.in = 4, .out = 4, .kernel = {most, 1}});
  });
  check_error("channels and groups must be positive", [&] {
    conv2d(x, Tensor::zeros({0, 1, 1, 1}), {}, {.in = 1, .out = 0, .kernel = 1});
  });
  check_error("does not fit the input [1, 0, 4]", [&] {
    conv2d(Tensor::zeros({1, 0, 4}, true), Tensor::zeros({1, 1, 1, 1}), {},
           {.in = 1, .out = 1, .kernel = 1});
  });

  // Strides and dilations that nothing meets are no error.
  const Tensor weight = Tensor::filled({1, 1, 1, 1}, 2);
  const Shape one{1, 1, 1};
  CHECK(conv2d(x, weight, {}, {.in = 1, .out = 1, .kernel = 1, .stride = most}).shape() == one);
  CHECK(conv2d(x, weight, {}, {.in = 1, .out = 1, .kernel = 1, .dilation = most}).shape() ==
        Shape{1, 4, 4});
  // Nothing but padding.
  const Tensor bias = Tensor::filled({1}, 5);
  const Tensor empty = leaf({1, 0, 4}, true);
  const Tensor y = conv2d(empty, weight, bias, {.in = 1, .out = 1, .kernel = 1, .padding = 1});
  REQUIRE(y.shape() == Shape{1, 2, 6});
  for (const Real value : y.values()) CHECK(value == 5);
  backward(y);
}

TEST_CASE("group_norm and the losses with extreme options", "[group_norm][losses][odd]") {
  const Tensor x = Tensor::zeros({2, 3}, true);
  for (const Real eps : {Real(-1), -std::numeric_limits<Real>::min(), inf, not_a_number}) {
    check_error("[group_norm] eps must be a finite number, zero or more, got ",
                [&] { group_norm(x, 1, {}, {}, eps); });
    check_error("[GroupNorm] eps must be a finite number, zero or more, got ",
                [&] { GroupNorm({.groups = 1, .channels = 2, .eps = eps}); });
  }
  check_error("cannot be cut into 2147483647", [&] { group_norm(x, most, {}, {}); });
  check_error("cannot be cut into 0", [&] { group_norm(x, 0, {}, {}); });
  const Tensor none = Tensor::zeros({0}, true);
  check_error("[nll_loss]", [&] { nll_loss(none, {}); });
  check_error("[cross_entropy]", [&] { cross_entropy(none, Labels()); });
  check_error("[cross_entropy]", [&] { cross_entropy(none, none); });
  check_error("[mse_loss] The mean over no elements", [&] { mse_loss(none, none); });
  check_error("label smoothing", [&] { cross_entropy(x.reshape({6}), Labels(), not_a_number); });
  check_error("[clamp]", [&] { clamp(x, not_a_number, 1); });
  check_error("[dropout]", [&] { dropout(x, not_a_number); });
}

TEST_CASE("grids of no points, and of too many", "[affine_grid][grid_sample][odd]") {
  const Tensor x = leaf({2, 3, 4}, true), theta = leaf({2, 3}, true);
  const Tensor grid = leaf({0, 5, 2}, true);
  CHECK(shape_of(x, [&](const Tensor& x) { return grid_sample(x, grid); }) == Shape{2, 0, 5});
  CHECK(shape_of(grid, [&](const Tensor& g) { return grid_sample(x, g); }) == Shape{2, 0, 5});
  for (const auto& [height, width] : {std::pair(most, most), {most, 1}, {1, most}}) {
    check_error("[affine_grid] the output",
                [&, h = height, w = width] { affine_grid(theta, {.height = h, .width = w}); });
    check_error("[affine_grid] the output", [&, h = height, w = width] {
      spatial_transform(x, theta, {.height = h, .width = w});
    });
  }
  check_error("must not be empty", [&] { spatial_transform(x, theta, {.height = -1}); });
  for (const Shape& image : {Shape{0, 28, 28}, Shape{1, 0, 28}, Shape{}}) {
    const std::vector<std::uint8_t> pixels(784);
    Batch batch;
    batch.size = 1, batch.image_shape = image, batch.pixels = pixels;
    check_error("[tile] images of shape", [&] { make_tile(batch, 0); });
  }
}
