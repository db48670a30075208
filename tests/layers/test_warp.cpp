#include <cmath>
#include <limits>

#include "core/random.h"
#include "layers/affine_grid.h"
#include "layers/spatial_transformer.h"
#include "layers/warp_map.h"
#include "layers/warps/families.h"
#include "layers/warps/matrix.h"
#include "tests/catch.h"
#include "tests/gradcheck.h"
#include "tests/reference.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

// One theta for all lanes.
Tensor theta_of(const Warp& warp, std::span<const Real> values) {
  const Tensor theta = Tensor::per_sample(warp.theta_shape());
  for (int k = 0; k < theta.size(); ++k) theta[k] = broadcast(values[static_cast<std::size_t>(k)]);
  return theta;
}

std::vector<Real> random_theta(const Warp& warp, Random& rng, double amount) {
  std::vector<Real> theta = warp.identity();
  for (Real& value : theta) value += static_cast<Real>(rng.uniform(-amount, amount));
  return theta;
}

// The input's point by the formula of the family, for those that are matrices.
std::optional<std::array<double, 2>> by_matrix(const Warp& warp, std::span<const Real> theta,
                                               double x, double y) {
  if (const auto* matrix = dynamic_cast<const MatrixWarp*>(&warp)) {
    const std::array<double, 6> m = matrix->matrix(theta);
    return {{m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5]}};
  }
  return std::nullopt;
}

// A family that is nobody's: theta is the logarithm of a scale, coefficients are not theta.
class LogZoom final : public Warp {
 public:
  std::string name() const override { return "log_zoom"; }
  std::vector<std::string> parameters() const override { return {"log_scale"}; }
  std::vector<Real> identity() const override { return {0}; }
  void prepare(const Lanes* theta, Lanes* scale) const override {
    scale[0] = map_lanes(theta[0], [](Real v) { return std::exp(v); });
  }
  void add_theta_grad(const Lanes* theta, const Lanes* dscale, Lanes* dtheta) const override {
    dtheta[0] += dscale[0] * map_lanes(theta[0], [](Real v) { return std::exp(v); });
  }
  void row(const Lanes* scale, Real y, std::span<const Real> xs, Lanes* out) const override {
    for (std::size_t j = 0; j < xs.size(); ++j)
      out[2 * j] = scale[0] * xs[j], out[2 * j + 1] = scale[0] * y;
  }
  void add_row_grad(const Lanes*, Real y, std::span<const Real> xs, const Lanes* drow,
                    Lanes* dscale) const override {
    for (std::size_t j = 0; j < xs.size(); ++j)
      dscale[0] += xs[j] * drow[2 * j] + y * drow[2 * j + 1];
  }
};

}  // namespace

TEST_CASE("every family starts at the identity exactly", "[warp]") {
  const Real affine[] = {1, 0, 0, 0, 1, 0};
  for (const std::string& name : warp_names()) {
    INFO(name);
    const auto warp = make_warp(name);
    CHECK(warp->parameters().size() == warp->identity().size());
    const Tensor theta = theta_of(*warp, warp->identity());
    for (const bool corners : {false, true})
      for (const int size : {1, 2, 7, 28, 33}) {
        const GridOptions o{.height = size, .width = size + 3, .align_corners = corners};
        const Tensor plain = affine_grid(theta_of(*make_warp("affine"), affine), o);
        CHECK(difference(warp_grid(*warp, theta, o), plain) == 0);
      }
    const Tensor x = random_tensor({2, 9, 6}, Kind::per_sample);
    CHECK(difference(spatial_transform(x, theta, *warp), x) <= 1e-5);
  }
}

TEST_CASE("rows, points, matrices and operations of a family agree", "[warp]") {
  Random rng(4);
  for (const std::string& name : warp_names()) {
    INFO(name);
    const auto warp = make_warp(name);
    const std::vector<Real> values = random_theta(*warp, rng, 0.3);
    const Tensor theta = theta_of(*warp, values);
    const GridOptions o{.height = 5, .width = 4};
    const Tensor grid = warp_grid(*warp, theta, o);
    CHECK(difference(warp->grid(theta, o), grid) <= 1e-6);
    for (int i = 0; i < 5; ++i)
      for (int j = 0; j < 4; ++j) {
        const double x = (2 * j + 1) / 4.0 - 1, y = (2 * i + 1) / 5.0 - 1;
        const int at = 2 * (i * 4 + j);
        if (const auto known = by_matrix(*warp, values, x, y)) {
          CHECK(std::abs(grid[at][7] - (*known)[0]) <= 1e-6);
          CHECK(std::abs(grid[at + 1][7] - (*known)[1]) <= 1e-6);
        }
        const WarpPoint point = warp->map(values, {static_cast<Real>(x), static_cast<Real>(y)});
        CHECK(std::abs(point[0] - grid[at][0]) <= Real(1e-6));
        CHECK(std::abs(point[1] - grid[at + 1][0]) <= Real(1e-6));
      }
    const Tensor image = random_tensor({1, 6, 6}, Kind::per_sample);
    CHECK(difference(spatial_transform(image, theta, *warp, {.height = 5, .width = 4}),
                     grid_sample(image, grid)) == 0);
  }
}

TEST_CASE("a family's inverse undoes it", "[warp]") {
  Random rng(6);
  for (const std::string& name : warp_names())
    for (int trial = 0; trial < 20; ++trial) {
      INFO(name);
      const auto warp = make_warp(name);
      const std::vector<Real> theta = random_theta(*warp, rng, 0.25);
      const auto back = invert(*warp, theta);
      if (warp->bends()) {
        CHECK_FALSE(back);  // no spline and no field undoes another
        continue;
      }
      REQUIRE(back);
      const WarpPoint at = {Real(0.3), Real(-0.7)};
      const WarpPoint there = warp->map(*back, warp->map(theta, at));
      CHECK(std::abs(there[0] - at[0]) <= Real(1e-4));
      CHECK(std::abs(there[1] - at[1]) <= Real(1e-4));
    }
  const Real nan = std::numeric_limits<Real>::quiet_NaN();
  CHECK_FALSE(invert(*make_warp("attention"), std::vector<Real>{0, 1, 1}));
  CHECK_FALSE(invert(*make_warp("affine"), std::vector<Real>{1, 2, 0, 2, 4, 0}));
  CHECK_FALSE(make_warp("similarity")->inverse(std::vector<Real>{nan, 0, 0, 0}));
  CHECK_FALSE(LogZoom().inverse(std::vector<Real>{1}));
}

TEST_CASE("grids of every family have the gradients of their differences", "[warp][gradcheck]") {
  std::vector<std::shared_ptr<const Warp>> all = {std::make_shared<LogZoom>()};
  for (const std::string& name : warp_names()) all.push_back(make_warp(name));
  for (const auto& warp : all) {
    const GridOptions o{.height = 3, .width = 4};
    check_gradients(("grid of " + warp->name()).c_str(),
                    [&](std::span<const Tensor> in) { return warp_grid(*warp, in[0], o); },
                    {random_tensor(warp->theta_shape(), Kind::per_sample)});
    check_gradients(("operations of " + warp->name()).c_str(),
                    [&](std::span<const Tensor> in) { return warp->grid(in[0], o); },
                    {random_tensor(warp->theta_shape(), Kind::per_sample)});
  }
}

TEST_CASE("rows of many points keep the digits of theta's gradient", "[warp]") {
  const auto warp = make_warp("translation");
  Tensor theta = theta_of(*warp, warp->identity());
  theta.set_requires_grad();
  const Tensor grid = warp_grid(*warp, theta, {.height = 300, .width = 9000});
  Tensor ones = Tensor::like(grid);
  ones.fill(1);
  backward(grid, ones);
  const Tensor grad = theta.grad();
  CHECK(grad[0][3] == 2'700'000);
  CHECK(grad[1][3] == 2'700'000);
}

TEST_CASE("families say what does not fit", "[warp]") {
  CHECK_THAT(message_of([] { make_warp("afine"); }),
             contains("there is no family of transforms \"afine\"; known are ") &&
                 contains("translation, "));
  const auto warp = make_warp("attention");
  CHECK(message_of([&] {
          warp_grid(*warp, Tensor::zeros({4}, true), {3, 3});
        }) == "[attention_grid] theta must be per-sample [3] (3 elements), got per-sample [4]");
  CHECK_THAT(message_of([&] {
               warp->map(std::vector<Real>{1}, {0, 0});
             }),
             contains("theta has 1 values; attention takes 3"));
}
