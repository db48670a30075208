// Spatial transformers with other samplers than the bilinear one: bicubic, and anti-aliased.
#include <limits>

#include "core/autograd.h"
#include "layers/affine_grid.h"
#include "layers/avg_pool2d.h"
#include "layers/linear.h"
#include "layers/spatial_transformer.h"
#include "layers/warps/similarity.h"
#include "tests/catch.h"
#include "tests/gradcheck.h"
#include "tests/reference.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

Tensor identity() {
  const Tensor theta = Tensor::zeros({2, 3}, true);
  theta[0] = theta[4] = broadcast(1);
  return theta;
}

constexpr double epsilon = static_cast<double>(std::numeric_limits<Real>::epsilon());

}  // namespace

TEST_CASE("a bicubic transformer samples the grid of its theta", "[spatial_transformer]") {
  const Tensor x = random_tensor({2, 5, 4}, Kind::per_sample);
  const Tensor theta = random_tensor({2, 3}, Kind::per_sample, 2);
  for (bool align_corners : {false, true})
    for (Padding padding : {Padding::zeros, Padding::border, Padding::reflection}) {
      const GridSampleOptions sampler{
          .mode = Interpolation::bicubic, .padding = padding, .align_corners = align_corners};
      const Tensor y = spatial_transform(x, theta, {.height = 3, .width = 6, .sampler = sampler});
      const Tensor grid = affine_grid(theta, {3, 6, align_corners});
      CHECK(difference(y, grid_sample(x, grid, sampler)) == 0);
      CHECK(difference(spatial_transform(x, identity(), {.sampler = sampler}), x) < 100 * epsilon);
    }
  check_gradients("spatial_transform",
                  [](std::span<const Tensor> in) {
                    return spatial_transform(in[0], in[1],
                                             {.sampler = {.mode = Interpolation::bicubic}});
                  },
                  {x, theta});
}

TEST_CASE("an anti-aliased output is the mean over the area of each pixel",
          "[spatial_transformer]") {
  const Tensor x = random_tensor({2, 6, 8}, Kind::per_sample);
  // Under the identity: the mean of a block of pixels. Without it half of them have no part.
  const Tensor y = spatial_transform(x, identity(), {.height = 2, .width = 2, .antialias = true});
  REQUIRE(y.shape() == Shape{2, 2, 2});
  for (int i = 0; i < y.size(); ++i) {
    Lanes sum{};
    const int corner = i / 4 * 48 + i / 2 % 2 * 24 + i % 2 * 4;
    for (int k = 0; k < 12; ++k) sum += x[corner + k / 4 * 8 + k % 4];
    for (int lane = 0; lane < lane_count; ++lane)
      CHECK(std::abs(y[i][lane] - sum[lane] / 12) < 20 * epsilon);
  }
  // Any theta, sizes that do not divide, any sampler and family.
  const SimilarityWarp warp;
  const Tensor theta = random_tensor(warp.theta_shape(), Kind::per_sample, 3);
  for (Interpolation mode :
       {Interpolation::bilinear, Interpolation::nearest, Interpolation::bicubic}) {
    SpatialTransformOptions o{.height = 6, .width = 10, .sampler = {.mode = mode, .fill = 2}};
    const Tensor fine = spatial_transform(x, theta, warp, o);
    o.height = 3, o.width = 5, o.antialias = true;
    CHECK(difference(spatial_transform(x, theta, warp, o), adaptive_avg_pool2d(fine, 3, 5)) == 0);
  }
}

TEST_CASE("anti-aliasing changes nothing where the output is as fine as the input",
          "[spatial_transformer]") {
  const Tensor x = random_tensor({1, 5, 4}, Kind::per_sample);
  const Tensor theta = random_tensor({2, 3}, Kind::per_sample, 2);
  for (SpatialTransformOptions o : {SpatialTransformOptions{}, {.height = 7, .width = 4}}) {
    const Tensor plain = spatial_transform(x, theta, o);
    o.antialias = true;
    CHECK(difference(spatial_transform(x, theta, o), plain) == 0);
    CHECK(difference(spatial_transform(x, identity(), o), spatial_transform(x, identity(), o)) ==
          0);
  }
}

TEST_CASE("an anti-aliased transformer has the gradients of its differences",
          "[spatial_transformer][gradcheck]") {
  const Tensor x = random_tensor({2, 4, 6}, Kind::per_sample);
  Tensor theta = identity();  // turned and shrunk, away from the centres of pixels
  for (int k = 0; k < 6; ++k) theta[k] = theta[k] * Real(0.71) + Real(0.053) * Real(k + 1);
  const auto transform = [](const Tensor& images, const Tensor& thetas) {
    return spatial_transform(images, thetas, {.height = 2, .width = 3, .antialias = true});
  };
  check_gradients("spatial_transform",
                  [&](std::span<const Tensor> in) { return transform(in[0], theta); }, {x});
#ifdef FOVEA_DOUBLE  // the steps of single precision reach the next pixel
  check_gradients("spatial_transform",
                  [&](std::span<const Tensor> in) { return transform(in[0], in[1]); }, {x, theta});
#endif
}

TEST_CASE("anti-aliasing reaches every pixel that it skips without", "[spatial_transformer]") {
  Tensor x = random_tensor({1, 8, 8}, Kind::per_sample);
  x.set_requires_grad();
  const auto unread = [&](bool antialias) {
    x.set_grad({});
    backward(spatial_transform(x, identity(), {.height = 2, .width = 2, .antialias = antialias}));
    int count = 0;
    for (int i = 0; i < 64; ++i) count += x.grad()[i][0] == 0;
    return count;
  };
  CHECK(unread(false) == 48);
  CHECK(unread(true) == 0);
}

TEST_CASE("anti-aliasing says what it does not go with, and that it is on",
          "[spatial_transformer]") {
  const Tensor x = Tensor::zeros({1, 4, 4}, true);
  CHECK_THAT(message_of([&] {
               spatial_transform(x, identity(),
                                 {.sampler = {.align_corners = true}, .antialias = true});
             }),
             contains("antialias averages the area of output pixels"));
  Random rng(1);
  CHECK(SpatialTransformer(std::make_unique<Linear>(LinearOptions{.in = 16, .out = 6}, rng),
                           {.height = 2, .width = 2, .antialias = true})
            .describe() == "SpatialTransformer(affine, size=(2, 2), antialias=True)");
}
