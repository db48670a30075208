// Sums of so many terms that a float which takes them one after the other loses digits: of 17
// million ones it makes 2^24, of a million times 0.7 one per cent too much.
#include <array>
#include <cmath>

#include "core/autograd.h"
#include "core/long_sum.h"
#include "core/random.h"
#include "layers/activations.h"
#include "layers/arithmetic.h"
#include "layers/avg_pool2d.h"
#include "layers/conv_pool.h"
#include "layers/group_norm.h"
#include "layers/linear.h"
#include "layers/losses.h"
#include "layers/matmul.h"
#include "layers/reduce.h"
#include "layers/spatial_transformer.h"
#include "tests/catch.h"
#include "tests/reference.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

constexpr int beyond_float = (1 << 24) + (1 << 20);
constexpr int side = 1024, million = side * side;
constexpr double tolerance = 5e-5;

Tensor per_sample(const Shape& shape, Real value) {
  const Tensor t = Tensor::per_sample(shape);
  t.fill(value);
  return t;
}

// All elements, and samples, are within `tolerance` of this value.
void check_all(const Tensor& t, double expected) {
  double worst = 0;
  for (const Real value : t.values())
    worst = std::fmax(worst, std::abs(static_cast<double>(value) / expected - 1));
  CHECK(worst <= tolerance);
}

}  // namespace

TEST_CASE("a sum of any length keeps its digits", "[long_sum]") {
  for (int count : {0, 1, 2, 511, 4096, 4097, 5000, million, beyond_float}) {
    INFO(count << " terms");
    CHECK(blocked_sum<Real>(count, [](int) { return Real(1); }) == static_cast<Real>(count));
    int calls = 0;
    bool in_order = true;
    const Real sum = blocked_sum<Real>(count, [&](int i) {
      in_order = in_order && i == calls++;
      return Real(0.7);
    });
    CHECK(in_order);
    CHECK(sum == Approx(static_cast<double>(Real(0.7)) * count).epsilon(tolerance));
  }
  Real plain = 0;  // what training small maps has always computed
  const auto term = [](int i) { return std::sin(static_cast<Real>(i)); };
  for (int i = 0; i < 4096; ++i) plain += term(i);
  CHECK(blocked_sum<Real>(4096, term) == plain);

  WideSum<Lanes> wide;
  Lanes terms;
  for (int lane = 0; lane < lane_count; ++lane) terms[lane] = static_cast<Real>(lane) + Real(0.1);
  for (int i = 0; i < 1000; ++i) wide.add(terms);
  for (int lane = 0; lane < lane_count; ++lane) {
    CHECK(wide.over(1000)[lane] == terms[lane]);
    CHECK(wide.value()[lane] == static_cast<Real>(static_cast<double>(terms[lane]) * 1000));
  }
}

TEST_CASE("sum and mean of more elements than a float counts", "[long_sum]") {
  Tensor x = Tensor::filled({beyond_float / 1024, 1024}, 1);
  CHECK(sum(x).item() == beyond_float);
  CHECK(sum(x, {0}).data()[1023] == beyond_float / 1024);
  x.fill(Real(0.7));
  CHECK(mean(x).item() == Real(0.7));
  CHECK(mean(x, {0}).data()[1] == Real(0.7));
  check_all(sum(per_sample({million}, Real(0.7))), 0.7 * million);
}

TEST_CASE("what many elements share gets all of their gradients", "[long_sum]") {
  Tensor one = Tensor::filled({1}, 1).set_requires_grad();
  backward(Tensor::filled({beyond_float}, 1) * one);
  CHECK(one.grad().item() == beyond_float);
  one.set_grad({});
  const Tensor x = per_sample({million}, Real(0.7));
  backward(x * one);
  check_all(one.grad(), 0.7 * million * lane_count);
  Tensor own = per_sample({1}, 1).set_requires_grad();
  backward(x * own);
  check_all(own.grad(), 0.7 * million);
}

TEST_CASE("group_norm of a constant is zero, and of N(1e6, 1) is N(0, 1)", "[long_sum]") {
  const Tensor flat = group_norm(per_sample({1, 28, 28}, Real(0.7)), 1, {}, {});
  CHECK(std::abs(flat[0][0]) == 0);  // PyTorch: 0
  CHECK(std::abs(flat[783][15]) == 0);

  Random rng(1);
  Tensor x = Tensor::per_sample({2, 300, 300});
  for (Real& value : x.values()) value = static_cast<Real>(1e6 + rng.normal());
  Tensor weight = Tensor::filled({2}, 1).set_requires_grad();
  Tensor bias = Tensor::filled({2}, 0).set_requires_grad();
  const Tensor y = group_norm(x, 1, weight, bias);
  for (int lane : {0, 7}) {
    double mean = 0, variance = 0, worst = 0;
    for (int i = 0; i < x.size(); ++i) mean += static_cast<double>(x[i][lane]) / x.size();
    for (int i = 0; i < x.size(); ++i)
      variance += std::pow(static_cast<double>(x[i][lane]) - mean, 2) / x.size();
    for (int i = 0; i < x.size(); ++i)
      worst = std::fmax(
          worst, std::abs((static_cast<double>(x[i][lane]) - mean) / std::sqrt(variance + 1e-5) -
                          static_cast<double>(y[i][lane])));
    CHECK(worst < 1e-5);
  }
  backward(y, per_sample(y.shape(), Real(0.7)));
  check_all(bias.grad(), 0.7 * 300 * 300 * lane_count);
}

TEST_CASE("average pooling of large windows", "[long_sum]") {
  const Tensor x = per_sample({1, side, side}, Real(0.7));
  CHECK(adaptive_avg_pool2d(x, 1, 1)[0][3] == Real(0.7));
  CHECK(avg_pool2d(x, {.kernel = side / 2})[3][3] == Real(0.7));
}

TEST_CASE("a convolution's parameters get the gradients of a million positions", "[long_sum]") {
  const Tensor x = per_sample({1, side, side}, Real(0.7));
  Tensor weight = Tensor::filled({1, 1, 1, 1}, 1).set_requires_grad();
  Tensor bias = Tensor::filled({1}, 1).set_requires_grad();
  const Conv2dOptions options{.in = 1, .out = 1, .kernel = 1};
  const auto check = [&](double positions) {
    check_all(bias.grad(), positions * 0.3 * lane_count);
    check_all(weight.grad(), positions * 0.3 * 0.7 * lane_count);
    weight.set_grad({}), bias.set_grad({});
  };
  const Tensor y = conv2d(x, weight, bias, options);
  backward(y, per_sample(y.shape(), Real(0.3)));
  check(million);
  const Tensor pooled = conv_pool_relu(x, weight, bias, options, {.kernel = 2});
  backward(pooled, per_sample(pooled.shape(), Real(0.3)));
  check(million / 4);
  const Tensor wide = conv2d(x.reshape({1, 1, million}), weight, bias, options);
  backward(wide, per_sample(wide.shape(), Real(0.3)));
  check(million);
}

TEST_CASE("kernels of a million taps", "[long_sum]") {
  const Tensor x = per_sample({2, side, side / 2}, Real(0.7));
  const Tensor bias = Tensor::filled({1}, 1000);
  for (const auto& [in, height, width] :
       {std::array{2, side, side / 2}, {2, 1, million / 2}, {million, 1, 1}, {8192, 8, 16}}) {
    INFO(in << " channels of " << height << "x" << width);
    const Tensor image = x.reshape({in, height, width});
    const Tensor weight = Tensor::filled({1, in, height, width}, Real(0.3));
    const Conv2dOptions options{.in = in, .out = 1, .kernel = {height, width}};
    check_all(conv2d(image, weight, bias, options), 0.3 * 0.7 * million + 1000);
  }
}

TEST_CASE("the pieces of a large kernel meet the right pixels", "[long_sum]") {
  for (const auto& [in, height, width] : {std::array{3, 70, 90}, {1900, 3, 3}, {2, 2, 5000}}) {
    INFO(in << " channels of " << height << "x" << width);
    const Conv2dOptions o{.in = in, .out = 2, .kernel = {height, width}, .padding = {1, 0}};
    const Tensor x = random_integers({in, height + 1, width + 2}, true, 1);
    const Tensor weight = random_integers({2, in, height, width}, false, 2);
    const Tensor bias = random_integers({2}, false, 3);
    const Tensor y = conv2d(x, weight, bias, o);
    CHECK(difference(y, reference::conv2d(x, weight, bias, o)) == 0);
    const Tensor pooled = conv_pool_relu(x, weight, bias, o, {.kernel = 2});
    CHECK(difference(pooled, relu(max_pool2d(y, {.kernel = 2}))) == 0);
  }
}

TEST_CASE("sparse gradients of a large pooled convolution", "[long_sum]") {
  // One window in sixteen passes a gradient on: both of the ways that skip the others.
  const Tensor x = per_sample({4, 512, 512}, Real(0.7));
  Tensor weight = Tensor::filled({8, 4, 5, 5}, Real(0.01)).set_requires_grad();
  const Tensor y = conv_pool_relu(x, weight, {}, {.in = 4, .out = 8, .kernel = 5}, {.kernel = 2});
  const Tensor dy = Tensor::zeros(y.shape(), true);
  const int windows = 254 * 254 / 16;
  for (int o = 0; o < 8; ++o)
    for (int i = 0; i < windows; ++i) dy[o * 254 * 254 + 16 * i] = broadcast(Real(0.3));
  backward(y, dy);
  check_all(weight.grad(), 0.3 * 0.7 * windows * lane_count);
}

TEST_CASE("products over a million terms", "[long_sum]") {
  const Tensor x = per_sample({million}, Real(0.7));
  const Tensor weight = Tensor::filled({1, million}, Real(0.3));
  check_all(linear(x, weight, {}), 0.3 * 0.7 * million);
  check_all(linear(x, weight, Tensor::filled({1}, 1000)), 0.3 * 0.7 * million + 1000);
  check_all(matmul(x, per_sample({million}, Real(0.3))), 0.3 * 0.7 * million);

  constexpr int many = million / 4;
  const Tensor column = per_sample({many, 1}, Real(0.7)), row = column.reshape({1, many});
  Tensor few = per_sample({2}, Real(0.3)).set_requires_grad();
  backward(matmul(column, few.reshape({1, 2})));
  check_all(few.grad(), 0.7 * many);
  few.set_grad({});
  backward(matmul(few.reshape({2, 1}), row));
  check_all(few.grad(), 0.7 * many);
  Tensor shared = Tensor::filled({1, 1}, 1).set_requires_grad();
  backward(matmul(column, shared));
  check_all(shared.grad(), 0.7 * many * lane_count);
  Tensor input = per_sample({1}, 1).set_requires_grad();
  backward(linear(input, Tensor::filled({million, 1}, Real(0.7)), {}));
  check_all(input.grad(), 0.7 * million);
}

TEST_CASE("softmax and losses over many classes and elements", "[long_sum]") {
  check_all(softmax(Tensor::filled({beyond_float}, 3), 0), 1.0 / beyond_float);
  check_all(log_softmax(Tensor::filled({beyond_float}, 3), 0), -std::log(beyond_float));
  Tensor logits = per_sample({million}, Real(0.7)).set_requires_grad();
  const Tensor smooth = cross_entropy(logits, {}, Real(0.1));
  check_all(smooth, std::log(million));
  backward(smooth);
  CHECK(logits.grad()[5][5] == Approx(0.9 / million).epsilon(tolerance));
  check_all(mse_loss(logits.detach(), Tensor::zeros({million})), 0.49);
}

TEST_CASE("the transformer's gradients of a million outputs", "[long_sum]") {
  // Every output reads the middle between four pixels, and the ramp's slope there is 1.
  Tensor x = Tensor::per_sample({1, 2, 2}), theta = Tensor::zeros({2, 3}, true);
  for (int i = 0; i < 4; ++i) x[i] = broadcast(static_cast<Real>(i % 2));
  x.set_requires_grad(), theta.set_requires_grad();
  for (const auto& [height, width] : {std::pair(side, side), {1, million}, {million, 1}}) {
    INFO(height << "x" << width);
    const Tensor y = spatial_transform(x, theta, {.height = height, .width = width});
    backward(y, per_sample(y.shape(), Real(0.7)));
    check_all(x.grad(), 0.7 * million / 4);
    CHECK(theta.grad()[2][0] == Approx(0.7 * million).epsilon(tolerance));
    x.set_grad({}), theta.set_grad({});
  }
}
