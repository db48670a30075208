// Pixels that are infinite or NaN: they count where PyTorch lets them count, with weight 0 too
// (0 * infinity is NaN), and never where a tap lies outside the image.
#include <cmath>
#include <limits>

#include "core/autograd.h"
#include "core/random.h"
#include "layers/grid_sample.h"
#include "layers/spatial_transformer.h"
#include "tests/catch.h"
#include "tests/reference.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

constexpr Real inf = std::numeric_limits<Real>::infinity();
constexpr Real NaN = std::numeric_limits<Real>::quiet_NaN();

void check_values(const std::string& what, const Tensor& got, int first, int step,
                  const std::vector<Real>& expected) {
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const Real value = got[first + static_cast<int>(i) * step][7];
    INFO(what << " " << i << ": " << value << ", PyTorch has " << expected[i]);
    CHECK((std::isnan(expected[i]) ? std::isnan(value) : value == expected[i]));
  }
}

// A row of four pixels, read at these places (in pixels, y on the row).
const std::vector<Real> places = {-3, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 7};

void check_row(Interpolation mode, Padding padding, const std::vector<Real>& values,
               const std::vector<Real>& dx, const std::vector<Real>& along,
               const std::vector<Real>& across) {
  INFO("mode " << static_cast<int>(mode) << ", padding " << static_cast<int>(padding));
  Tensor x = Tensor::per_sample({1, 1, 4});
  const Real pixels[] = {inf, 1, NaN, -inf};
  for (int i = 0; i < 4; ++i) x[i] = broadcast(pixels[i]);
  const int count = static_cast<int>(places.size());
  Tensor grid = Tensor::zeros({1, count, 2}, true);
  for (int i = 0; i < count; ++i) grid[2 * i] = broadcast((2 * places[i] + 1) / 4 - 1);
  x.set_requires_grad(), grid.set_requires_grad();
  const Tensor y = grid_sample(x, grid, {.mode = mode, .padding = padding});
  check_values("value", y, 0, 1, values);
  backward(y);
  check_values("gradient of pixel", x.grad(), 0, 1, dx);
  check_values("gradient of x", grid.grad(), 0, 2, along);
  check_values("gradient of y", grid.grad(), 1, 2, across);
}

}  // namespace

TEST_CASE("pixels that are not finite count as in PyTorch", "[grid_sample]") {
  // torch.nn.functional.grid_sample of PyTorch 2.13 on [inf, 1, nan, -inf].
  const std::vector<Real> none(places.size(), 0), all_nan(places.size(), NaN);
  check_row(Interpolation::bilinear, Padding::zeros,
            {0, 0, NaN, inf, inf, inf, NaN, NaN, NaN, NaN, -inf, -inf, 0, 0}, {2, 2, 2, 2},
            {0, 0, inf, inf, -inf, -inf, NaN, NaN, NaN, NaN, inf, inf, 0, 0},
            {0, 0, NaN, -inf, -inf, -inf, NaN, NaN, NaN, NaN, inf, inf, 0, 0});
  check_row(Interpolation::bilinear, Padding::border,
            {inf, inf, inf, inf, inf, inf, NaN, NaN, NaN, NaN, -inf, -inf, -inf, -inf},
            {5.5, 2, 2, 4.5},
            {NaN, NaN, NaN, NaN, NaN, -inf, NaN, NaN, NaN, NaN, NaN, NaN, NaN, NaN}, all_nan);
  check_row(Interpolation::bilinear, Padding::reflection,
            {NaN, inf, inf, inf, inf, inf, NaN, NaN, NaN, NaN, -inf, -inf, -inf, inf},
            {5, 2.5, 3, 3.5},
            {NaN, inf, NaN, NaN, NaN, -inf, NaN, NaN, NaN, NaN, NaN, NaN, NaN, NaN}, all_nan);
  check_row(Interpolation::nearest, Padding::zeros,
            {0, 0, 0, inf, inf, inf, 1, NaN, NaN, NaN, -inf, 0, 0, 0}, {3, 1, 3, 1}, none, none);
  check_row(Interpolation::nearest, Padding::border,
            {inf, inf, inf, inf, inf, inf, 1, NaN, NaN, NaN, -inf, -inf, -inf, -inf}, {6, 1, 3, 4},
            none, none);
  check_row(Interpolation::nearest, Padding::reflection,
            {NaN, inf, inf, inf, inf, inf, 1, NaN, NaN, NaN, -inf, -inf, -inf, inf}, {6, 1, 4, 3},
            none, none);
}

TEST_CASE("outside an image of infinities is the fill value", "[grid_sample]") {
  const Tensor x = Tensor::per_sample({2, 3, 4});
  for (const Real pixel : {inf, -inf, NaN}) {
    x.fill(pixel);
    for (Interpolation mode : {Interpolation::bilinear, Interpolation::nearest})
      for (bool align_corners : {false, true})
        for (Real fill : {Real(0), Real(-2)})
          for (Real far : {Real(-2.7), Real(2.7), Real(-1e5), Real(1e30)})
            for (int axis = 0; axis < 2; ++axis) {
              Tensor grid = Tensor::zeros({1, 1, 2}, true);
              grid[axis] = broadcast(far);
              grid.set_requires_grad();
              const Tensor y = grid_sample(
                  x, grid, {.mode = mode, .align_corners = align_corners, .fill = fill});
              CHECK((y[0][3] == fill && y[1][3] == fill));
              backward(y);
              const Tensor slopes = grid.grad();
              for (const Real slope : slopes.values()) REQUIRE(slope == 0);
            }
    Tensor theta = Tensor::zeros({2, 3}, true);
    theta[0] = theta[4] = broadcast(1);
    theta[2] = broadcast(4);  // the whole output is to the right of the image
    theta.set_requires_grad();
    const Tensor y = spatial_transform(x, theta, {.sampler = {.fill = Real(0.5)}});
    for (const Real value : y.values()) REQUIRE(value == Real(0.5));
    backward(y);
    const Tensor slopes = theta.grad();
    for (const Real slope : slopes.values()) REQUIRE(slope == 0);
  }
}

TEST_CASE("just outside is the same as far outside", "[grid_sample]") {
  // To the last bit, which decides ties on a flat background: no matter how the weights round.
  Random rng(1);
  const Tensor x = random_integers({1, 4, 4}, true, 1);
  const Tensor near = Tensor::zeros({8, 8, 2}, true), far = Tensor::like(near);
  for (int i = 0; i < 64; ++i)
    for (int lane = 0; lane < lane_count; ++lane) {
      const int outer = 2 * i + i % 2, other = 2 * i + 1 - i % 2;
      const double side = rng.below(2) ? 1 : -1;
      near[outer][lane] = static_cast<Real>(side * rng.uniform(1.26, 1.74));  // pixel -2 to -1
      far[outer][lane] = static_cast<Real>(side * 9);
      near[other][lane] = far[other][lane] = static_cast<Real>(rng.uniform(-1, 1));
    }
  const GridSampleOptions o{.fill = Real(-0.45198988914489746)};
  CHECK(difference(grid_sample(x, near, o), grid_sample(x, far, o)) == 0);
}

TEST_CASE("infinite gradients reach the pixels that were read", "[grid_sample]") {
  for (Interpolation mode : {Interpolation::bilinear, Interpolation::nearest}) {
    Tensor x = Tensor::zeros({1, 1, 2}, true);
    x.set_requires_grad();
    const Tensor grid = Tensor::zeros({1, 1, 2}, true);
    grid[0] = broadcast(Real(-0.25));  // at 0.25 between the two pixels
    const Tensor y = grid_sample(x, grid, {.mode = mode});
    const Tensor dy = Tensor::like(y);
    dy.fill(inf);
    backward(y, dy);
    CHECK(x.grad()[0][0] == inf);
    CHECK(x.grad()[1][0] == (mode == Interpolation::bilinear ? inf : 0));
  }
}

TEST_CASE("the sampler equals the plain formula on pixels that are not finite", "[grid_sample]") {
  const Tensor x = random_integers({2, 4, 5}, true, 1);
  for (std::size_t i = 0; i < x.real_count(); i += 3)
    x.data()[i] = i % 2 ? inf : i % 5 ? -inf : NaN;
  const Tensor grid = random_integers({7, 9, 2}, true, 2, 128);
  for (Real& value : grid.values()) value /= 64;
  for (Padding padding : {Padding::zeros, Padding::border, Padding::reflection})
    for (Interpolation mode : {Interpolation::bilinear, Interpolation::nearest})
      for (bool align_corners : {false, true}) {
        INFO("mode " << static_cast<int>(mode) << ", padding " << static_cast<int>(padding)
                     << ", align_corners " << align_corners);
        const GridSampleOptions o{.mode = mode, .padding = padding, .align_corners = align_corners};
        CHECK(difference(grid_sample(x, grid, o), reference::grid_sample(x, grid, o)) < 1e-5);
      }
}
