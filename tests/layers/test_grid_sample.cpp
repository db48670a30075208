#include <cmath>
#include <limits>

#include "core/autograd.h"
#include "core/random.h"
#include "layers/grid_sample.h"
#include "layers/kernels/reflect.h"
#include "tests/catch.h"
#include "tests/golden.h"
#include "tests/reference.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

// Calls visit(options) for every way to sample.
template <class Visit>
void for_each_option(const Visit& visit) {
  for (Interpolation mode : {Interpolation::bilinear, Interpolation::nearest})
    for (Padding padding : {Padding::zeros, Padding::border, Padding::reflection})
      for (bool align_corners : {false, true})
        for (Real fill : {Real(0), Real(-2)}) {
          const GridSampleOptions o{
              .mode = mode, .padding = padding, .align_corners = align_corners, .fill = fill};
          INFO((mode == Interpolation::nearest ? "nearest" : "bilinear")
               << ", padding " << static_cast<int>(padding) << ", align_corners " << align_corners
               << ", fill " << fill);
          visit(o);
        }
}

// Multiples of 1/64 between -4 and 4: in images of whole numbers all arithmetic is exact.
Tensor exact_grid(int height, int width, int seed) {
  const Tensor grid = random_integers({height, width, 2}, true, seed, 256);
  for (Real& value : grid.values()) value /= 64;
  return grid;
}

// Random coordinates from well outside to well outside the image, 0.2 to 0.8 pixels from any
// pixel's centre: there the sampler has kinks, in every mode.
Tensor smooth_grid(int height, int width, const Shape& image, bool align_corners) {
  Random rng(static_cast<std::uint64_t>(height * 100 + width));
  const Tensor grid = Tensor::per_sample({height, width, 2});
  for (int i = 0; i < grid.size(); ++i)
    for (int lane = 0; lane < lane_count; ++lane) {
      const int n = image[i % 2 == 0 ? 2 : 1];
      const int whole = static_cast<int>(rng.below(static_cast<unsigned>(n) + 6)) - 3;
      const double pixel = whole + rng.uniform(0.2, 0.8);
      grid[i][lane] = static_cast<Real>(align_corners && n > 1 ? 2 * pixel / (n - 1) - 1
                                                               : (2 * pixel + 1) / n - 1);
    }
  return grid;
}

const Shape images[] = {{1, 1, 1}, {2, 1, 5}, {1, 4, 1}, {3, 2, 2}, {2, 4, 7}, {1, 9, 3}};

struct Size {
  int h, w;
};
const Size sizes[] = {{1, 1}, {1, 6}, {5, 2}, {4, 7}, {8, 8}};

}  // namespace

TEST_CASE("the sampler equals the plain formula in every mode and size", "[grid_sample]") {
  for_each_option([](const GridSampleOptions& o) {
    for (const Shape& image : images)
      for (const Size size : sizes) {
        const Tensor x = random_integers(image, true, 1);
        const Tensor grid = exact_grid(size.h, size.w, 2);
        const Tensor y = grid_sample(x, grid, o);
        INFO("image " << cat(image) << ", output " << size.h << "x" << size.w);
        REQUIRE(y.shape() == Shape{image[0], size.h, size.w});
        CHECK(difference(y, reference::grid_sample(x, grid, o)) == 0);
      }
  });
}

TEST_CASE("the sampler equals the plain formula at any coordinate", "[grid_sample]") {
  constexpr double tolerance = sizeof(Real) == 4 ? 1e-5 : 1e-13;
  for_each_option([&](const GridSampleOptions& o) {
    for (const Shape& image : images) {
      const Tensor x = random_tensor(image, Kind::per_sample);
      const Tensor near = smooth_grid(6, 7, image, o.align_corners);
      CHECK(difference(grid_sample(x, near, o), reference::grid_sample(x, near, o)) <= tolerance);
    }
  });
}

TEST_CASE("the image's gradient is the sampler's transpose", "[grid_sample]") {
  for_each_option([](const GridSampleOptions& o) {
    if (o.fill != 0) return;  // then sampling is linear in the image
    for (const Shape& image : images) {
      Tensor x = random_integers(image, true, 1);
      x.set_requires_grad();
      const Tensor y = grid_sample(x, exact_grid(5, 4, 2), o);
      const Tensor dy = random_integers(y.shape(), true, 3);
      backward(y, dy);
      for (int lane = 0; lane < lane_count; ++lane) {
        double from_output = 0, from_image = 0;
        for (int i = 0; i < y.size(); ++i)
          from_output += static_cast<double>(y[i][lane]) * dy[i][lane];
        for (int i = 0; i < x.size(); ++i)
          from_image += static_cast<double>(x[i][lane]) * x.grad()[i][lane];
        CHECK(from_output == from_image);
      }
    }
  });
}

TEST_CASE("the sampler gives PyTorch's values and gradients", "[grid_sample][golden]") {
  const auto sample = [](const GoldenCase& c, std::span<const Tensor> in) {
    return grid_sample(in[0], in[1],
                       {.mode = static_cast<Interpolation>(c.integer("mode")),
                        .padding = static_cast<Padding>(c.integer("padding")),
                        .align_corners = c.integer("align_corners") != 0,
                        .fill = static_cast<Real>(c.attribute("fill"))});
  };
  check_golden("sampler.json", "grid_sample", sample);
  check_golden("sampler_kinks.json", "grid_sample", sample);
}

TEST_CASE("the sampler has the gradients of its differences", "[grid_sample][gradcheck]") {
  for_each_option([](const GridSampleOptions& o) {
    for (const Shape& image : images) {
      const Size size = image.size() % 2 ? Size{2, 3} : Size{4, 1};
      const Tensor x = random_tensor(image, Kind::per_sample);
      const Tensor grid = smooth_grid(size.h, size.w, image, o.align_corners);
      INFO("image " << cat(image));
      if (o.mode == Interpolation::nearest)  // a step function of the grid
        check_gradients("grid_sample",
                        [&](std::span<const Tensor> in) { return grid_sample(in[0], grid, o); },
                        {x});
      else
        check_gradients("grid_sample",
                        [&](std::span<const Tensor> in) { return grid_sample(in[0], in[1], o); },
                        {x, grid});
    }
  });
}

TEST_CASE("nearest sampling gives the grid no gradient", "[grid_sample]") {
  Tensor grid = exact_grid(2, 2, 1);
  grid.set_requires_grad();
  Tensor x = random_integers({1, 3, 3}, true, 1);
  x.set_requires_grad();
  backward(grid_sample(x, grid, {.mode = Interpolation::nearest, .padding = Padding::border}));
  if (grid.grad()) CHECK(difference(grid.grad(), Tensor::zeros({2, 2, 2}, true)) == 0);
  Real sum = 0;
  for (int i = 0; i < 9; ++i) sum += sum_lanes(x.grad()[i]);
  CHECK(sum == 4 * lane_count);
}

TEST_CASE("far outside is the fill value, the border or a pixel", "[grid_sample]") {
  const Real far[] = {Real(-2.6),
                      7,
                      -1e5,
                      Real(3e9),
                      Real(-1e30),
                      std::numeric_limits<Real>::max(),
                      -std::numeric_limits<Real>::max()};
  const Tensor x = random_integers({2, 3, 4}, true, 1);
  for_each_option([&](const GridSampleOptions& o) {
    for (Real distance : far) {
      const Tensor grid = Tensor::zeros({1, 2, 2}, true);
      grid[0] = grid[3] = broadcast(distance);  // one far to the side, one far up or down
      const Tensor y = grid_sample(x, grid, o);
      for (int c = 0; c < 2; ++c)
        for (int lane = 0; lane < lane_count; ++lane)
          for (int i = 0; i < 2; ++i) {
            const Real value = reference::at(y, lane, c, 0, i);
            if (o.padding == Padding::zeros) {
              CHECK(value == o.fill);
            } else if (o.padding == Padding::border && i == 0) {
              CHECK(value == reference::at(x, lane, c, 1, distance < 0 ? 0 : 3));
            } else {
              CHECK(std::abs(value) <= 3);  // between pixels of the image
            }
          }
    }
  });
}

TEST_CASE("coordinates are mirrored exactly at any distance", "[grid_sample]") {
  // The formula in whole numbers. Quotients of such distances round to the wrong period.
  for (const long span : {1L, 3L, 5L, 7L, 27L})
    for (const long distance : {0L, 1L, 16777213L, 41943036L, 335544320L, 1L << 40}) {
      if (static_cast<long>(static_cast<Real>(distance)) != distance) continue;
      const long rest = distance % (2 * span);
      for (const Real side : {-1, 1}) {
        Real v = side * static_cast<Real>(distance), slope = 1;
        reflect(0, static_cast<Real>(span), v, slope);
        CHECK(v == static_cast<Real>(rest < span ? rest : 2 * span - rest));
        CHECK(slope == (distance == 0 ? 1 : side) * (rest < span ? 1 : -1));
      }
    }
  for (const int periods : {3, 5, 111}) {  // just before a mirror is before it
    Real v = std::nextafter(static_cast<Real>(periods * 27), Real(0)), slope = 1;
    reflect(0, 27, v, slope);
    CHECK((v < 27 && v > 26 && slope == 1));
  }
}

TEST_CASE("coordinates that are not finite matter to their sample alone", "[grid_sample]") {
  const Real bad[] = {std::numeric_limits<Real>::quiet_NaN(), std::numeric_limits<Real>::infinity(),
                      -std::numeric_limits<Real>::infinity()};
  for_each_option([&](const GridSampleOptions& o) {
    for (Real coordinate : bad)
      for (int axis = 0; axis < 2; ++axis) {
        Tensor x = random_integers({2, 3, 4}, true, 1), grid = exact_grid(2, 2, 2);
        const Tensor whole = grid_sample(x, grid, o);
        grid[2 + axis][5] = coordinate;
        for (Tensor* leaf : {&x, &grid}) leaf->set_requires_grad();
        const Tensor y = grid_sample(x, grid, o);
        for (int i = 0; i < y.size(); ++i)
          for (int lane = 0; lane < lane_count; ++lane)
            if (lane == 5 && i % 4 == 1) {  // see sampler_nonfinite.json
              const bool undefined =
                  o.padding == Padding::zeros && o.mode == Interpolation::bilinear;
              CHECK(std::isnan(y[i][lane]) == undefined);
            } else {
              CHECK(y[i][lane] == whole[i][lane]);
            }
        backward(y);
        const Tensor x_grad = x.grad();
        for (Real value : x_grad.values())
          if (!std::isfinite(value)) FAIL_CHECK("the image's gradient is not finite");
        if (!grid.grad()) continue;
        for (int i = 0; i < grid.size(); ++i)
          for (int lane = 0; lane < lane_count; ++lane)
            if (lane != 5 && !std::isfinite(grid.grad()[i][lane])) FAIL_CHECK("lane " << lane);
      }
  });
}

TEST_CASE("the sampler says what does not fit", "[grid_sample]") {
  const auto message = [](const Tensor& x, const Tensor& grid) {
    return message_of([&] { grid_sample(x, grid); });
  };
  const Tensor x = Tensor::zeros({1, 4, 5}, true), grid = Tensor::zeros({2, 3, 2}, true);
  REQUIRE(message(x, grid) == "");
  CHECK(message(Tensor::zeros({4, 5}, true), grid) ==
        "[grid_sample] input must be per-sample [C, H, W] or [C, D, H, W], got per-sample [4, 5]");
  CHECK(message(Tensor::zeros({1, 4, 5}), grid) ==
        "[grid_sample] input must be per-sample [C, H, W] or [C, D, H, W], got shared [1, 4, 5]");
  CHECK(
      message(Tensor::zeros({1, 0, 5}, true), grid) ==
      "[grid_sample] input must be per-sample [C, H, W] or [C, D, H, W], got per-sample [1, 0, 5]");
  CHECK(message(x, Tensor::zeros({2, 3, 3}, true)) ==
        "[grid_sample] grid must be per-sample [H, W, 2], got per-sample [2, 3, 3]");
  CHECK(message(x, Tensor::zeros({2, 3, 2})) ==
        "[grid_sample] grid must be per-sample [H, W, 2], got shared [2, 3, 2]");
  CHECK(message(Tensor::per_sample({1, 1, 1 << 22}), grid) ==
        "[grid_sample] the image [1, 1, 4194304] has too many pixels for exact coordinates");
}
