// Bicubic images, and volumes: what layers/kernels/tap_sampler.cpp computes.
#include <cmath>
#include <limits>

#include "core/autograd.h"
#include "core/random.h"
#include "layers/affine_grid3d.h"
#include "layers/grid_sample.h"
#include "tests/catch.h"
#include "tests/golden.h"
#include "tests/reference.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

Tensor sample_case(const GoldenCase& c, std::span<const Tensor> in) {
  return grid_sample(in[0], in[1],
                     {.mode = static_cast<Interpolation>(c.integer("mode")),
                      .padding = static_cast<Padding>(c.integer("padding")),
                      .align_corners = c.integer("align_corners") != 0,
                      .fill = static_cast<Real>(c.attribute("fill"))});
}

// The ways to sample an image bicubically, or a volume.
template <class Visit>
void for_each_option(bool volume, const Visit& visit) {
  for (Interpolation mode :
       {Interpolation::bicubic, Interpolation::bilinear, Interpolation::nearest})
    for (Padding padding : {Padding::zeros, Padding::border, Padding::reflection})
      for (bool align_corners : {false, true}) {
        if (volume == (mode == Interpolation::bicubic)) continue;
        INFO(name_of(mode) << ", " << name_of(padding) << ", align_corners " << align_corners);
        visit(GridSampleOptions{.mode = mode,
                                .padding = padding,
                                .align_corners = align_corners,
                                .fill = padding == Padding::zeros ? Real(0.5) : 0});
      }
}

// Points from well outside to well outside, 0.2 to 0.8 pixels from any pixel's centre: away from
// kinks.
Tensor smooth_points(const Shape& x, Shape size, bool align_corners) {
  const int axes = size.rank();
  size.append(axes);
  Random rng(7);
  const Tensor grid = Tensor::per_sample(size);
  for (int i = 0; i < grid.size(); ++i)
    for (int lane = 0; lane < lane_count; ++lane) {
      const int n = x[axes - i % axes];
      const int whole = static_cast<int>(rng.below(static_cast<unsigned>(n) + 5)) - 3;
      const double pixel = whole + rng.uniform(0.2, 0.8);
      grid[i][lane] = static_cast<Real>(align_corners && n > 1 ? 2 * pixel / (n - 1) - 1
                                                               : (2 * pixel + 1) / n - 1);
    }
  return grid;
}

const Shape images[] = {{1, 1, 1}, {2, 1, 4}, {1, 5, 1}, {2, 3, 4}};
const Shape volumes[] = {{1, 1, 1, 1}, {2, 1, 1, 3}, {1, 3, 1, 2}, {2, 2, 3, 4}};

void check_sampler_gradients(const Shape& shape, const Shape& size, const GridSampleOptions& o) {
  INFO("input " << cat(shape));
  const Tensor x = random_tensor(shape, Kind::per_sample);
  const Tensor grid = smooth_points(shape, size, o.align_corners);
  if (o.mode == Interpolation::nearest)  // a step function of the grid
    check_gradients("grid_sample",
                    [&](std::span<const Tensor> in) { return grid_sample(in[0], grid, o); }, {x});
  else
    check_gradients("grid_sample",
                    [&](std::span<const Tensor> in) { return grid_sample(in[0], in[1], o); },
                    {x, grid});
}

// theta, [3, 4], that changes nothing.
Tensor identity3d() {
  const Tensor theta = Tensor::zeros({3, 4}, true);
  for (int k : {0, 5, 10}) theta[k] = broadcast(1);
  return theta;
}

}  // namespace

TEST_CASE("bicubic sampling gives PyTorch's values and gradients", "[tap_sampler][golden]") {
  check_golden("sampler_bicubic.json", "grid_sample", sample_case);
}

TEST_CASE("volumes are sampled with PyTorch's values and gradients", "[tap_sampler][golden]") {
  check_golden("sampler_volume.json", "grid_sample", sample_case);
  check_golden("sampler_volume_kinks.json", "grid_sample", sample_case);
}

TEST_CASE("what is not finite is sampled as PyTorch samples it", "[tap_sampler][golden]") {
  check_golden("sampler_nonfinite.json", "grid_sample", sample_case);
  check_golden("sampler_pixels.json", "grid_sample", sample_case);
}

TEST_CASE("affine grids of volumes are PyTorch's", "[affine_grid3d][golden]") {
  check_golden("sampler_volume_kinks.json", "affine_grid3d",
               [](const GoldenCase& c, std::span<const Tensor> in) {
                 const std::vector<double>& size = c.attributes.at("size");
                 return affine_grid3d(in[0], {.depth = static_cast<int>(size[0]),
                                              .height = static_cast<int>(size[1]),
                                              .width = static_cast<int>(size[2]),
                                              .align_corners = c.integer("align_corners") != 0});
               });
}

TEST_CASE("bicubic sampling has the gradients of its differences", "[tap_sampler][gradcheck]") {
  for_each_option(false, [](const GridSampleOptions& o) {
    for (const Shape& image : images) check_sampler_gradients(image, {1, 3}, o);
  });
}

TEST_CASE("volume sampling has the gradients of its differences", "[tap_sampler][gradcheck]") {
  for_each_option(true, [](const GridSampleOptions& o) {
    for (const Shape& volume : volumes) check_sampler_gradients(volume, {1, 2, 2}, o);
  });
}

TEST_CASE("affine grids of volumes have the gradients of their differences",
          "[affine_grid3d][gradcheck]") {
  for (bool align_corners : {false, true})
    for (const Shape& theta : {Shape{3, 4}, Shape{12}})
      check_gradients("affine_grid3d",
                      [&](std::span<const Tensor> in) {
                        return affine_grid3d(
                            in[0],
                            {.depth = 2, .height = 3, .width = 1, .align_corners = align_corners});
                      },
                      {random_tensor(theta, Kind::per_sample)});
}

TEST_CASE("the identity returns image and volume", "[tap_sampler]") {
  constexpr double rounding = 200 * static_cast<double>(std::numeric_limits<Real>::epsilon());
  const Tensor volume = random_tensor({2, 4, 5, 7}, Kind::per_sample);
  for_each_option(true, [&](const GridSampleOptions& o) {
    const Tensor grid = affine_grid3d(
        identity3d(), {.depth = 4, .height = 5, .width = 7, .align_corners = o.align_corners});
    CHECK(difference(grid_sample(volume, grid, o), volume) <= rounding);
  });
}

TEST_CASE("turning a volume about an axis permutes its voxels", "[tap_sampler][affine_grid3d]") {
  const Tensor x = random_integers({1, 4, 4, 4}, true, 1);
  const Tensor theta = Tensor::zeros({3, 4}, true);
  theta[2] = broadcast(1), theta[5] = broadcast(1),
  theta[8] = broadcast(1);  // x and z trade places
  const Tensor y = grid_sample(x, affine_grid3d(theta, {.depth = 4, .height = 4, .width = 4}),
                               {.mode = Interpolation::nearest});
  for (int d = 0; d < 4; ++d)
    for (int h = 0; h < 4; ++h)
      for (int w = 0; w < 4; ++w)
        for (int lane : {0, 9}) CHECK(y[(d * 4 + h) * 4 + w][lane] == x[(w * 4 + h) * 4 + d][lane]);
}

TEST_CASE("the samples' gradient is the transpose of sampling", "[tap_sampler]") {
  const auto check = [](const Shape& shape, const Shape& size, GridSampleOptions o) {
    o.fill = 0;  // then sampling is linear in the samples
    Tensor x = random_tensor(shape, Kind::per_sample);
    x.set_requires_grad();
    const Tensor y = grid_sample(x, smooth_points(shape, size, o.align_corners), o);
    const Tensor dy = random_tensor(y.shape(), Kind::per_sample, 3);
    backward(y, dy);
    for (int lane = 0; lane < lane_count; ++lane) {
      double from_output = 0, from_input = 0;
      for (int i = 0; i < y.size(); ++i) from_output += double{y[i][lane]} * double{dy[i][lane]};
      for (int i = 0; i < x.size(); ++i)
        from_input += double{x[i][lane]} * double{x.grad()[i][lane]};
      CHECK(std::abs(from_output - from_input) < 1e-5);
    }
  };
  for_each_option(false, [&](const GridSampleOptions& o) {
    for (const Shape& image : images) check(image, {3, 4}, o);
  });
  for_each_option(true, [&](const GridSampleOptions& o) {
    for (const Shape& volume : volumes) check(volume, {2, 2, 3}, o);
  });
}

TEST_CASE("what does not fit a volume is said", "[tap_sampler]") {
  const Tensor x = Tensor::zeros({1, 2, 4, 5}, true), grid = Tensor::zeros({1, 2, 3, 3}, true);
  REQUIRE(message_of([&] { grid_sample(x, grid); }) == "");
  CHECK(message_of([&] {
          grid_sample(x, Tensor::zeros({2, 3, 2}, true));
        }) ==
        "[grid_sample] the grid of a volume must be per-sample [D, H, W, 3], got per-sample "
        "[2, 3, 2]");
  CHECK(message_of([&] {
          grid_sample(Tensor::zeros({1, 4, 5}, true), grid);
        }) == "[grid_sample] grid must be per-sample [H, W, 2], got per-sample [1, 2, 3, 3]");
  CHECK(
      message_of([&] { grid_sample(x, grid, {.mode = Interpolation::bicubic}); }) ==
      "[grid_sample] bicubic is for images: sample the volume per-sample [1, 2, 4, 5] bilinearly");
  CHECK(message_of([&] {
          grid_sample(Tensor::per_sample({1, 1, 1, 1 << 23}), grid);
        }) ==
        "[grid_sample] the input [1, 1, 1, 8388608] has too many pixels for exact coordinates");
  CHECK(message_of([&] {
          affine_grid3d(Tensor::zeros({2, 3}, true), {.depth = 1, .height = 1, .width = 1});
        }) == "[affine_grid3d] theta must be per-sample [3, 4] or [12], got per-sample [2, 3]");
  CHECK(message_of([&] { affine_grid3d(identity3d(), {.depth = 0, .height = 1, .width = 1}); }) ==
        "[affine_grid3d] the output must not be empty, got 0x1x1");
}
