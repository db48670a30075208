#include <cmath>

#include "core/autograd.h"
#include "core/step.h"
#include "layers/conv_pool.h"
#include "tests/catch.h"
#include "tests/conv_way.h"
#include "tests/gradcheck.h"
#include "tests/reference.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

struct Result {
  Tensor y, dx, dw;
};

Result run(ConvWay way, const Conv2dOptions& o, int height, int width, bool pool) {
  const UseConv guard(way);
  Tensor x = random_tensor({o.in, height, width}, Kind::per_sample, 1);
  for (Real& value : x.values()) value = value > 0 ? value : 0;  // as a ReLU leaves it
  Tensor w = random_tensor({o.out, o.in / o.groups, o.kernel.h, o.kernel.w}, Kind::shared, 2);
  Tensor b = random_tensor({o.out}, Kind::shared, 3);
  for (Tensor* t : {&x, &w, &b}) t->set_requires_grad();
  const Tensor y = pool ? conv_pool_relu(x, w, b, o, {.kernel = 2}) : conv2d(x, w, b, o);
  backward(y, random_tensor(y.shape(), Kind::per_sample, 4));
  return {y, x.grad(), w.grad()};
}

// The largest difference, relative to the largest value.
double error(const Tensor& a, const Tensor& b) {
  double largest = 0;
  for (const Real value : b.values()) largest = std::max(largest, std::abs(double(value)));
  return difference(a, b) / largest;
}

constexpr double tolerance = sizeof(Real) == 4 ? 5e-5 : 1e-12;

}  // namespace

TEST_CASE("Winograd's convolution is the direct one, to rounding", "[winograd]") {
  for (const int kernel : {3, 5, 7})
    for (const int padding : {0, 1, 2})
      for (const int size : {8, 9, 13})
        for (const auto& [in, out, groups] : {std::tuple(1, 1, 1), std::tuple(3, 17, 1),
                                              std::tuple(20, 7, 1), std::tuple(6, 8, 2)}) {
          const Conv2dOptions o{
              .in = in, .out = out, .kernel = kernel, .padding = padding, .groups = groups};
          INFO(in << " -> " << out << ", kernel " << kernel << ", padding " << padding << ", size "
                  << size);
          const Result a = run(ConvWay::winograd, o, size, size + 3, false);
          const Result e = run(ConvWay::direct, o, size, size + 3, false);
          CHECK(error(a.y, e.y) <= tolerance);
          CHECK(error(a.dx, e.dx) <= tolerance);
          CHECK(error(a.dw, e.dw) <= tolerance);
        }
}

TEST_CASE("Winograd's convolution with pooling and ReLU is the direct one", "[winograd]") {
  for (const int kernel : {3, 5, 7})
    for (const int size : {9, 12, 15}) {
      const Conv2dOptions o{.in = 5, .out = 12, .kernel = kernel, .padding = kernel / 2};
      INFO("kernel " << kernel << ", size " << size);
      const Result a = run(ConvWay::winograd, o, size, size, true);
      const Result e = run(ConvWay::direct, o, size, size, true);
      CHECK(error(a.y, e.y) <= tolerance);
      // A window whose two largest values differ by rounding may send its gradient elsewhere.
      CHECK(error(a.dw, e.dw) <= 100 * tolerance);
    }
}

TEST_CASE("Winograd's convolution has the gradients of its differences", "[winograd][gradcheck]") {
  const UseConv guard(ConvWay::winograd);
  for (const int kernel : {3, 5, 7}) {
    const Conv2dOptions o{.in = 2, .out = 3, .kernel = kernel, .padding = 1};
    check_gradients("conv2d by Winograd",
                    [&](std::span<const Tensor> in) { return conv2d(in[0], in[1], in[2], o); },
                    {random_tensor({2, 7, 6}, Kind::per_sample),
                     random_tensor({3, 2, kernel, kernel}, Kind::shared, 2),
                     random_tensor({3}, Kind::shared, 3)});
  }
}

TEST_CASE("errors of the layers of our networks in single precision", "[winograd]") {
  // The table of README.md, "Speed": against the direct kernels, whose own error is a tenth.
  const std::pair<Conv2dOptions, int> layers[] = {
      {{.in = 10, .out = 20, .kernel = 5}, 12},   {{.in = 8, .out = 10, .kernel = 5}, 11},
      {{.in = 16, .out = 32, .kernel = 5}, 14},   {{.in = 64, .out = 128, .kernel = 5}, 13},
      {{.in = 32, .out = 32, .kernel = 3}, 34},   {{.in = 64, .out = 64, .kernel = 3}, 18},
      {{.in = 128, .out = 128, .kernel = 3}, 10},
  };
  for (const auto& [o, size] : layers) {
    const Result a = run(ConvWay::winograd, o, size, size, false);
    const Result e = run(ConvWay::direct, o, size, size, false);
    INFO(o.in << " -> " << o.out << ", kernel " << o.kernel.h << ": " << error(a.y, e.y) << ", "
              << error(a.dx, e.dx) << ", " << error(a.dw, e.dw));
    CHECK(error(a.y, e.y) <= 2e-5);
    CHECK(error(a.dx, e.dx) <= 2e-5);
    CHECK(error(a.dw, e.dw) <= 2e-5);
  }
}

TEST_CASE("weights are transformed once a step, and anew when they changed", "[winograd]") {
  Random rng(1);
  const Conv2d conv({.in = 8, .out = 16, .kernel = 3, .padding = 1}, rng);
  std::vector<std::uint8_t> pixels(80 * 8 * 64);
  for (std::uint8_t& pixel : pixels) pixel = static_cast<std::uint8_t>(rng.below(256));
  Batch batch;
  batch.size = 80;
  batch.image_shape = {8, 8, 8};
  batch.pixels = pixels;
  const auto sum_of = [&](ConvWay way) {
    const UseConv guard(way);
    std::vector<double> tiles(5);
    for_each_tile(batch, [&](const Tile& tile) {
      for (const Tensor y = conv(tile.images); const Real value : y.values())
        tiles[static_cast<std::size_t>(tile.index)] += std::abs(static_cast<double>(value));
    });
    double sum = 0;
    for (const double of_tile : tiles) sum += of_tile;
    return sum;
  };
  const double before = sum_of(ConvWay::winograd);
  CHECK(before == Approx(sum_of(ConvWay::direct)).epsilon(1e-5));
  for (Real& value : conv.weight().values()) value *= 2;
  for (Real& value : conv.bias().values()) value *= 2;
  CHECK(sum_of(ConvWay::winograd) == Approx(2 * before).epsilon(1e-6));
}
