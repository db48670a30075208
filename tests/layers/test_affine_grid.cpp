#include <cmath>
#include <limits>

#include "core/autograd.h"
#include "layers/affine_grid.h"
#include "tests/catch.h"
#include "tests/golden.h"
#include "tests/reference.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

constexpr double rounding = 8 * std::numeric_limits<Real>::epsilon();

Tensor identity() {
  const Tensor theta = Tensor::zeros({2, 3}, true);
  theta[0] = theta[4] = broadcast(1);
  return theta;
}

}  // namespace

TEST_CASE("an affine grid equals the plain formula for all sizes", "[affine_grid]") {
  const Tensor theta = random_tensor({2, 3}, Kind::per_sample, 1, -2, 2);
  for (bool align_corners : {false, true})
    for (int height = 1; height <= 12; ++height)
      for (int width = 1; width <= 12; ++width) {
        const AffineGridOptions o{.height = height, .width = width, .align_corners = align_corners};
        INFO(height << "x" << width << (align_corners ? ", corners" : ", edges"));
        const Tensor grid = affine_grid(theta, o);
        REQUIRE(grid.shape() == Shape{height, width, 2});
        CHECK(difference(grid, reference::affine_grid(theta, o)) <= rounding);
        CHECK(difference(affine_grid(theta.reshape({6}), o), grid) == 0);
      }
}

TEST_CASE("the identity's grid is the pixel centres", "[affine_grid]") {
  const Tensor corners = affine_grid(identity(), {.height = 2, .width = 3, .align_corners = true});
  const Tensor edges = affine_grid(identity(), {.height = 2, .width = 4});
  const double corner_x[] = {-1, 0, 1}, corner_y[] = {-1, 1};
  const double edge_x[] = {-0.75, -0.25, 0.25, 0.75}, edge_y[] = {-0.5, 0.5};
  const auto check = [](const Tensor& grid, const double* x, const double* y) {
    for (int i = 0; i < grid.shape()[0]; ++i)
      for (int j = 0; j < grid.shape()[1]; ++j) {
        CHECK(std::abs(reference::at(grid, 9, i, j, 0) - x[j]) <= rounding);
        CHECK(std::abs(reference::at(grid, 9, i, j, 1) - y[i]) <= rounding);
      }
  };
  check(corners, corner_x, corner_y);
  check(edges, edge_x, edge_y);
}

TEST_CASE("normalised coordinates are symmetric and end where they should", "[affine_grid]") {
  for (int size = 1; size <= 300; ++size) {
    for (int i = 0; i < size; ++i)
      for (bool align_corners : {false, true}) {
        const Real here = normalised_coordinate(i, size, align_corners);
        const Real mirrored = normalised_coordinate(size - 1 - i, size, align_corners);
        if (std::abs(here + mirrored) > Real(rounding)) FAIL_CHECK(i << " of " << size);
        if (std::abs(here) > 1) FAIL_CHECK(i << " of " << size << " is outside");
      }
    if (size > 1) CHECK(normalised_coordinate(0, size, true) == -1);
    if (size > 1) CHECK(normalised_coordinate(size - 1, size, true) == 1);
  }
  CHECK(normalised_coordinate(0, 1, false) == 0);
  CHECK(normalised_coordinate(0, 1, true) == 0);
}

TEST_CASE("affine grids give PyTorch's values and gradients", "[affine_grid][golden]") {
  check_golden("sampler.json", "affine_grid", [](const GoldenCase& c, std::span<const Tensor> in) {
    const std::vector<double>& size = c.attributes.at("size");
    return affine_grid(in[0], {.height = static_cast<int>(size[0]),
                               .width = static_cast<int>(size[1]),
                               .align_corners = c.integer("align_corners") != 0});
  });
}

TEST_CASE("affine grids have the gradients of their differences", "[affine_grid][gradcheck]") {
  for (bool align_corners : {false, true})
    for (int height : {1, 2, 5})
      for (int width : {1, 3, 4}) {
        const AffineGridOptions o{.height = height, .width = width, .align_corners = align_corners};
        const auto grid = [&](std::span<const Tensor> in) { return affine_grid(in[0], o); };
        check_gradients("affine_grid", grid, {random_tensor({2, 3}, Kind::per_sample)});
        check_gradients("affine_grid", grid, {random_tensor({6}, Kind::per_sample)});
      }
}

TEST_CASE("a sample's grid depends on its own theta alone", "[affine_grid]") {
  const Tensor theta = random_tensor({2, 3}, Kind::per_sample);
  const AffineGridOptions o{.height = 3, .width = 4};
  const Tensor before = affine_grid(theta, o);
  theta[1][6] = std::numeric_limits<Real>::quiet_NaN();
  theta[5][11] = std::numeric_limits<Real>::infinity();
  const Tensor after = affine_grid(theta, o);
  for (int i = 0; i < after.size(); ++i)
    for (int lane = 0; lane < lane_count; ++lane) {
      const bool changed = (lane == 6 && i % 2 == 0) || (lane == 11 && i % 2 == 1);
      CHECK((after[i][lane] == before[i][lane]) == !changed);
      CHECK(std::isfinite(after[i][lane]) == !changed);
    }
}

TEST_CASE("affine grids say what does not fit", "[affine_grid]") {
  const auto message = [](const Tensor& theta, const AffineGridOptions& o) {
    return message_of([&] { affine_grid(theta, o); });
  };
  CHECK(message(Tensor::zeros({3, 2}, true), {.height = 2, .width = 2}) ==
        "[affine_grid] theta must be per-sample [2, 3] or [6], got per-sample [3, 2]");
  CHECK(message(Tensor::zeros({2, 3}), {.height = 2, .width = 2}) ==
        "[affine_grid] theta must be per-sample [2, 3] or [6], got shared [2, 3]");
  CHECK(message(identity(), {.height = 0, .width = 2}) ==
        "[affine_grid] the output must not be empty, got 0x2");
  CHECK(message(identity(), {.height = 2, .width = -1}) ==
        "[affine_grid] the output must not be empty, got 2x-1");
}
