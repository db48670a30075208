#include <cmath>
#include <limits>

#include "core/autograd.h"
#include "layers/affine_grid.h"
#include "layers/flatten.h"
#include "layers/linear.h"
#include "layers/sequential.h"
#include "layers/spatial_transformer.h"
#include "tests/catch.h"
#include "tests/golden.h"
#include "tests/reference.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

Tensor theta_of(const Real (&values)[6]) {
  const Tensor theta = Tensor::per_sample({2, 3});
  for (int k = 0; k < 6; ++k) theta[k] = broadcast(values[k]);
  return theta;
}

std::vector<SpatialTransformOptions> all_samplers() {
  std::vector<SpatialTransformOptions> all;
  for (Interpolation mode : {Interpolation::bilinear, Interpolation::nearest})
    for (Padding padding : {Padding::zeros, Padding::border, Padding::reflection})
      for (bool align_corners : {false, true})
        all.push_back({.sampler = {.mode = mode,
                                   .padding = padding,
                                   .align_corners = align_corners,
                                   .fill = Real(0.5)}});
  return all;
}

}  // namespace

TEST_CASE("the identity returns the image", "[spatial_transformer]") {
  const Tensor identity = theta_of({1, 0, 0, 0, 1, 0});
  for (int height : {1, 2, 7, 28})
    for (int width : {1, 2, 3, 5, 8, 13, 28, 33}) {
      INFO(height << "x" << width);
      const Tensor x = random_tensor({1, height, width}, Kind::per_sample);
      // A coordinate is rounded at the size of the image.
      const double rounding =
          4 * std::max(height, width) * static_cast<double>(std::numeric_limits<Real>::epsilon());
      for (const SpatialTransformOptions& o : all_samplers())
        CHECK(difference(spatial_transform(x, identity, o), x) <=
              (o.sampler.mode == Interpolation::nearest ? 0 : rounding));
    }
}

TEST_CASE("turns, mirrors and shifts move pixels where they should", "[spatial_transformer]") {
  const Tensor x = random_integers({2, 8, 8}, true, 1);
  const auto moved = [&](const Real(&theta)[6], auto&& source) {
    for (Interpolation mode : {Interpolation::bilinear, Interpolation::nearest}) {
      const Tensor y = spatial_transform(x, theta_of(theta), {.sampler = {.mode = mode}});
      for (int lane : {0, 11})
        for (int c = 0; c < 2; ++c)
          for (int i = 0; i < 8; ++i)
            for (int j = 0; j < 8; ++j) {
              const auto [row, column] = source(i, j);
              const bool inside = row >= 0 && row < 8 && column >= 0 && column < 8;
              const Real expected = inside ? reference::at(x, lane, c, row, column) : 0;
              CHECK(std::abs(reference::at(y, lane, c, i, j) - expected) <= Real(1e-5));
            }
    }
  };
  moved({-1, 0, 0, 0, 1, 0}, [](int i, int j) { return std::pair(i, 7 - j); });  // mirrored
  moved({1, 0, 0, 0, -1, 0}, [](int i, int j) { return std::pair(7 - i, j); });  // upside down
  moved({0, 1, 0, 1, 0, 0}, [](int i, int j) { return std::pair(j, i); });       // transposed
  moved({0, -1, 0, 1, 0, 0}, [](int i, int j) { return std::pair(j, 7 - i); });  // a quarter turn
  moved({1, 0, 0.25, 0, 1, 0},
        [](int i, int j) { return std::pair(i, j + 1); });  // one to the left
  moved({1, 0, 0, 0, 1, -0.5}, [](int i, int j) { return std::pair(i - 2, j); });  // two down
}

TEST_CASE("the output may have another size", "[spatial_transformer]") {
  const Tensor x = random_tensor({3, 5, 4}, Kind::per_sample);
  const Tensor theta = random_tensor({2, 3}, Kind::per_sample, 2);
  for (SpatialTransformOptions o : all_samplers()) {
    CHECK(spatial_transform(x, theta, o).shape() == Shape{3, 5, 4});
    o.height = 7;
    CHECK(spatial_transform(x, theta, o).shape() == Shape{3, 7, 4});
    o.width = 2;
    const Tensor y = spatial_transform(x, theta.reshape({6}), o);
    CHECK(y.shape() == Shape{3, 7, 2});
    const bool corners = o.sampler.align_corners;
    const Tensor grid = affine_grid(theta, {.height = 7, .width = 2, .align_corners = corners});
    CHECK(difference(y, grid_sample(x, grid, o.sampler)) == 0);
  }
}

TEST_CASE("a spatial transform gives PyTorch's values and gradients",
          "[spatial_transformer][golden]") {
  check_golden(
      "sampler.json", "spatial_transform", [](const GoldenCase& c, std::span<const Tensor> in) {
        const std::vector<double>& size = c.attributes.at("size");
        return spatial_transform(in[0], in[1],
                                 {.height = static_cast<int>(size[0]),
                                  .width = static_cast<int>(size[1]),
                                  .sampler = {.align_corners = c.integer("align_corners") != 0,
                                              .fill = static_cast<Real>(c.attribute("fill"))}});
      });
}

TEST_CASE("a spatial transform has the gradients of its differences",
          "[spatial_transformer][gradcheck]") {
#ifdef FOVEA_DOUBLE  // steps of single precision would cross kinks
  // Every point stays within one cell of the image, 0.1 pixels from its border.
  const Tensor theta = random_tensor({2, 3}, Kind::per_sample, 3, -0.1, 0.1);
  const Tensor x = random_tensor({2, 2, 2}, Kind::per_sample);
  check_gradients("spatial_transform",
                  [](std::span<const Tensor> in) {
                    return spatial_transform(in[0], in[1], {.height = 3, .width = 4});
                  },
                  {x, theta});
#endif
}

TEST_CASE("a theta that is huge, infinite or NaN reads nothing out of bounds",
          "[spatial_transformer]") {
  constexpr Real infinity = std::numeric_limits<Real>::infinity();
  constexpr Real most = std::numeric_limits<Real>::max();
  const Real bad[] = {Real(3e9),
                      Real(-1e20),
                      most,
                      -most,
                      infinity,
                      -infinity,
                      std::numeric_limits<Real>::quiet_NaN()};
  for (const SpatialTransformOptions& o : all_samplers())
    for (int k = 0; k < 6; ++k)
      for (Real value : bad) {
        Tensor x = random_integers({2, 3, 5}, true, 1), theta = theta_of({1, 0, 0, 0, 1, 0});
        theta[k][3] = value;
        theta[5 - k][3] = value;
        theta[k][15] = value;
        const Tensor grid = affine_grid(theta, {3, 5, o.sampler.align_corners});
        x.set_requires_grad();
        theta.set_requires_grad();
        const Tensor y = spatial_transform(x, theta, o);
        for (int i = 0; i < y.size(); ++i)
          for (int lane : {0, 3, 4, 15}) {
            const int at = i % 15;
            const bool finite =
                std::isfinite(grid[2 * at][lane]) && std::isfinite(grid[2 * at + 1][lane]);
            const bool undefined = !finite && o.sampler.padding == Padding::zeros &&
                                   o.sampler.mode == Interpolation::bilinear;
            if (undefined ? !std::isnan(y[i][lane]) : !(std::abs(y[i][lane]) <= Real(3.001)))
              FAIL_CHECK("theta " << k << " = " << value << ", lane " << lane << ": "
                                  << y[i][lane]);
          }
        backward(y);
        const Tensor grad = x.grad();
        for (Real g : grad.values())
          if (!std::isfinite(g)) FAIL_CHECK("the image's gradient is not finite");
        if (!theta.grad()) continue;  // nearest
        for (int i = 0; i < 6; ++i)
          for (int lane : {0, 2, 4, 14})
            if (!std::isfinite(theta.grad()[i][lane]))
              FAIL_CHECK("lane " << lane << " is affected");
      }
}

TEST_CASE("a SpatialTransformer warps by what its network says", "[spatial_transformer]") {
  Random rng(1);
  auto network = std::make_unique<Sequential>();
  network->add<Flatten>().add<Linear>({.in = 20, .out = 6}, rng);
  const std::vector<Tensor> parameters = network->parameters();
  SpatialTransformer transformer(std::move(network), {.width = 7});
  CHECK(transformer.named_parameters()[0].name == "localization.1.weight");
  CHECK(transformer.named_parameters()[1].name == "localization.1.bias");
  const Tensor x = random_tensor({1, 4, 5}, Kind::per_sample);
  const Tensor theta = linear(x, parameters[0], parameters[1]);
  CHECK(transformer.theta(x).shape() == Shape{2, 3});
  CHECK(difference(transformer.theta(x).reshape({6}), theta) == 0);
  const Tensor y = transformer(x);
  CHECK(y.shape() == Shape{1, 4, 7});
  CHECK(difference(y, spatial_transform(x, theta, {.width = 7})) == 0);
  backward(y);
  for (const Tensor& p : parameters) CHECK(p.grad().defined());

  init_identity(parameters[0], parameters[1]);
  for (int k = 0; k < 6; ++k)
    CHECK(sum_lanes(transformer.theta(x).reshape({6})[k]) == (k % 4 == 0 ? 16 : 0));
}

TEST_CASE("spatial transformers say what does not fit", "[spatial_transformer]") {
  Random rng(1);
  CHECK(message_of([] { SpatialTransformer(nullptr); }) ==
        "[spatial_transformer] needs a localisation network");
  CHECK(message_of([] {
          spatial_transform(Tensor::zeros({4, 5}, true), Tensor());
        }) == "[spatial_transform] input must be per-sample [C, H, W], got per-sample [4, 5]");
  CHECK(message_of([] {
          spatial_transform(Tensor::zeros({1, 4, 5}, true), Tensor::zeros({4}, true));
        }) == "[affine_grid] theta must be per-sample [2, 3] (6 elements), got per-sample [4]");
  const SpatialTransformer four(std::make_unique<Linear>(LinearOptions{.in = 4, .out = 4}, rng));
  CHECK_THAT(message_of([&] {
               four(Tensor::zeros({1, 2, 2}, true));
             }),
             contains("has 4 outputs; affine takes 6: give its last layer 6 outputs"));
  const Linear five({.in = 4, .out = 5}, rng);
  CHECK_THAT(message_of([&] { init_identity(five.weight(), five.bias()); }),
             contains("[init_identity] the last localisation layer must have 6 outputs"));
  CHECK_THAT(message_of([&] { init_identity(Tensor::zeros({6, 4}), {}); }), contains("6 outputs"));
}
