// What the families compute, against tests/golden/warps.py, and what is known of them by formula.
#include <cmath>
#include <limits>
#include <numbers>

#include "core/autograd.h"
#include "core/blas.h"
#include "core/random.h"
#include "layers/arithmetic.h"
#include "layers/spatial_transformer.h"
#include "layers/warps/families.h"
#include "layers/warps/flow.h"
#include "layers/warps/pose.h"
#include "layers/warps/projective.h"
#include "layers/warps/tps.h"
#include "tests/catch.h"
#include "tests/golden.h"
#include "tests/reference.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

// In the order of FAMILIES in warps.py.
std::shared_ptr<const Warp> family_of(const GoldenCase& c) {
  const char* const names[] = {"projective",
                               "tps",
                               "tps:points=3,limit=0.3",
                               "flow:rows=3,columns=4",
                               "flow:rows=2,columns=2,limit=0.5",
                               "pose",
                               "pose:scale=1.5,angle=30,shift=0.5"};
  return make_warp(names[c.integer("family")]);
}

GridOptions grid_of(const GoldenCase& c) {
  const std::vector<double>& size = c.attributes.at("size");
  return {.height = static_cast<int>(size[0]),
          .width = static_cast<int>(size[1]),
          .align_corners = c.integer("align_corners") != 0};
}

// The golden thetas are how far they are from the identity.
Tensor from_identity(const Warp& warp, const Tensor& by) {
  const std::vector<Real> identity = warp.identity();
  const Tensor at = Tensor::zeros({warp.theta_size()});
  std::copy(identity.begin(), identity.end(), at.data());
  return by + at.reshape(warp.theta_shape());
}

}  // namespace

TEST_CASE("families of transforms give the golden grids and gradients", "[warp][golden]") {
  for (const char* file : {"warps.json", "warps_tps.json", "warps_flow.json"})
    for (const bool rows : {true, false})
      check_golden(file, "warp_grid", [&](const GoldenCase& c, std::span<const Tensor> in) {
        const auto warp = family_of(c);
        const Tensor theta = from_identity(*warp, in[0]);
        // The graph may outlive the family that is made here.
        static std::vector<std::shared_ptr<const Warp>> kept;
        kept.push_back(warp);
        return rows ? warp_grid(*warp, theta, grid_of(c)) : warp->grid(theta, grid_of(c));
      });
}

TEST_CASE("families of transforms sample what PyTorch's sampler does", "[warp][golden]") {
  for (const char* file : {"warps.json", "warps_tps.json", "warps_flow.json"})
    check_golden(file, "warp_sample", [](const GoldenCase& c, std::span<const Tensor> in) {
      static std::vector<std::shared_ptr<const Warp>> kept;
      kept.push_back(family_of(c));
      const GridOptions o = grid_of(c);
      return spatial_transform(in[0], from_identity(*kept.back(), in[1]), *kept.back(),
                               {.height = o.height, .width = o.width});
    });
}

TEST_CASE("homographies compose and splines bend as the golden values say", "[warp][golden]") {
  check_golden("warps.json", "compose", [](const GoldenCase& c, std::span<const Tensor> in) {
    const auto warp = family_of(c);
    return warp->compose(from_identity(*warp, in[0]), from_identity(*warp, in[1]));
  });
  check_golden(
      "warps_tps.json", "bending_energy",
      [](const GoldenCase& c, std::span<const Tensor> in) {
        return family_of(c)->bending_energy(in[0]);
      },
      20 * golden_tolerance);  // energies are tens
}

TEST_CASE("options of families and their energies have the gradients of their differences",
          "[warp][gradcheck]") {
  for (const char* name : {"tps:points=3", "tps:points=2,limit=0.5", "flow:rows=4,columns=3",
                           "flow:rows=1,columns=5,limit=0.4", "pose:scale=3,angle=170"}) {
    const auto warp = make_warp(name);
    const Tensor theta = random_tensor(warp->theta_shape(), Kind::per_sample, 3, -0.5, 0.5);
    const GridOptions o{.height = 3, .width = 5, .align_corners = true};
    check_gradients(name, [&](std::span<const Tensor> in) { return warp_grid(*warp, in[0], o); },
                    {theta});
    GradCheckOptions checked;
    checked.absolute *= 100;  // energies are tens to thousands
    if (warp->bends())
      check_gradients(
          cat("energy of ", name),
          [&](std::span<const Tensor> in) { return warp->bending_energy(in[0]); }, {theta},
          checked);
  }
}

TEST_CASE("composition is one map after the other", "[warp][gradcheck]") {
  for (const std::string& name : warp_names()) {
    INFO(name);
    const auto warp = make_warp(name);
    const Tensor none = Tensor::zeros(warp->theta_shape(), true);
    if (!warp->composes()) {
      CHECK_THAT(message_of([&] { warp->compose(none, none); }), contains("cannot be composed"));
      continue;
    }
    const Tensor by = random_tensor(warp->theta_shape(), Kind::per_sample, 1, -0.2, 0.2);
    const Tensor outer = from_identity(*warp, by), rest = from_identity(*warp, none);
    const Tensor inner =
        from_identity(*warp, random_tensor(warp->theta_shape(), Kind::per_sample, 2, -0.2, 0.2));
    CHECK(difference(warp->compose(outer, rest), outer) == 0);
    CHECK(difference(warp->compose(rest, inner), inner) == 0);
    const Tensor both = warp->compose(outer, inner);
    for (const int lane : {0, 7, 15}) {
      const auto theta = [&](const Tensor& t) {
        std::vector<Real> values;
        for (int k = 0; k < t.size(); ++k) values.push_back(t[k][lane]);
        return values;
      };
      const WarpPoint at = {Real(-0.4), Real(0.7)}, direct = warp->map(theta(both), at);
      const WarpPoint twice = warp->map(theta(outer), warp->map(theta(inner), at));
      CHECK(std::abs(direct[0] - twice[0]) <= Real(2e-6));
      CHECK(std::abs(direct[1] - twice[1]) <= Real(2e-6));
    }
    check_gradients("composition of " + name,
                    [&](std::span<const Tensor> in) { return warp->compose(in[0], in[1]); },
                    {outer, inner});
  }
}

TEST_CASE("a homography near and beyond its horizon stays finite", "[warp]") {
  const ProjectiveWarp warp;
  Tensor theta = Tensor::zeros({8}, true);
  theta[0] = theta[4] = broadcast(1);
  theta[6] = broadcast(-1);  // w = 0 at the right edge
  theta[6][3] = -5;
  theta[7][4] = std::numeric_limits<Real>::quiet_NaN();
  theta.set_requires_grad();
  const Tensor grid = warp_grid(warp, theta, {.height = 3, .width = 9, .align_corners = true});
  backward(grid);
  for (const int lane : {0, 3, 15}) {
    for (int i = 0; i < grid.size(); ++i) CHECK(std::abs(grid[i][lane]) <= 16);
    for (int k = 0; k < 8; ++k) CHECK(std::isfinite(theta.grad()[k][lane]));
  }
  CHECK(std::isnan(grid[0][4]));
  CHECK(grid[2 * 8][0] == 16);
  // Singular; and the middle of the frame beyond the inverse's horizon.
  CHECK_FALSE(warp.inverse(std::vector<Real>{1, 2, 0, 2, 4, 0, 0, 0}));
  CHECK_FALSE(warp.inverse(std::vector<Real>{1, 0, 2, 0, 1, 0, 1, 0}));
}

TEST_CASE("a spline passes through its control points", "[warp]") {
  for (const int points : {2, 4, 7}) {
    const TpsWarp warp({.points = points});
    Random rng(3);
    std::vector<Real> theta;
    for (int k = 0; k < warp.theta_size(); ++k)
      theta.push_back(static_cast<Real>(rng.uniform(-0.3, 0.3)));
    for (int i = 0; i < points * points; ++i) {
      const WarpPoint at = {normalised_coordinate(i % points, points, true),
                            normalised_coordinate(i / points, points, true)};
      const WarpPoint seen = warp.map(theta, at);
      const auto k = static_cast<std::size_t>(2 * i);
      CHECK(std::abs(seen[0] - at[0] - theta[k]) <= Real(2e-5));
      CHECK(std::abs(seen[1] - at[1] - theta[k + 1]) <= Real(2e-5));
    }
  }
}

TEST_CASE("what is affine does not bend, and a parabola bends as it should", "[warp]") {
  for (const char* name : {"tps", "flow:rows=6,columns=5"}) {
    const auto warp = make_warp(name);
    const Shape shape = warp->theta_shape();
    const Tensor affine = Tensor::per_sample(shape), parabola = Tensor::zeros(shape, true);
    for (int i = 0; i < shape[0]; ++i)
      for (int j = 0; j < shape[1]; ++j) {
        const bool corners = std::string(name) == "tps";
        const Real x = normalised_coordinate(j, shape[1], corners);
        const Real y = normalised_coordinate(i, shape[0], corners);
        const int at = 2 * (i * shape[1] + j);
        affine[at] = broadcast(Real(0.1) * x - Real(0.2) * y + Real(0.3));
        affine[at + 1] = broadcast(Real(0.5) * y);
        parabola[at] = broadcast(x * x);
      }
    CHECK(std::abs(warp->bending_energy(affine)[0][5]) <= Real(1e-3));
    // f_xx = 2; the field has 3 of 5 second differences a row, over an area of 4.
    const Real bent = warp->bending_energy(parabola)[0][5];
    if (shape[0] == 6) CHECK(std::abs(bent - Real(4 * 4 * 3 / 5.0)) <= Real(1e-3));
    CHECK(bent > 1);
  }
  CHECK(make_warp("affine")->bending_energy(random_tensor({2, 3}, Kind::per_sample))[0][3] == 0);
}

TEST_CASE("bounds hold, whatever theta is", "[warp]") {
  const auto pose = make_warp("pose:scale=1.5,angle=30,shift=0.5");
  for (const Real huge : {Real(-1e6), Real(1e6)}) {
    const auto m = dynamic_cast<const PoseWarp&>(*pose).matrix(std::vector<Real>(4, huge));
    const double sign = huge > 0 ? 1 : -1;
    CHECK(std::abs(std::hypot(m[0], m[3]) - std::pow(1.5, sign)) <= 1e-5);
    CHECK(std::abs(std::atan2(m[3], m[0]) - sign * std::numbers::pi / 6) <= 1e-5);
    CHECK(std::abs(m[2] - sign * 0.5) <= 1e-6);
  }
  // Half the scale, and the shift of the inverse twice as large.
  CHECK_FALSE(make_warp("pose:shift=0.1")->inverse(std::vector<Real>{-2, 0, 1, 0}));
  const WarpPoint at = {Real(-0.2), Real(0.1)};
  const auto flow = make_warp("flow:rows=2,columns=2,limit=0.25");
  const WarpPoint moved = flow->map(std::vector<Real>(8, 100), at);
  CHECK(std::abs(moved[0] - at[0] - Real(0.25)) <= Real(1e-6));
  const auto tps = make_warp("tps:limit=0.25");  // all control points alike: a shift
  CHECK(std::abs(tps->map(std::vector<Real>(32, -100), at)[1] - at[1] + Real(0.25)) <= Real(1e-5));
}

TEST_CASE("linear systems are solved, and singular ones named", "[blas]") {
  double a[] = {2, 1, 0, 4}, b[] = {5, 1, 8, 2};
  solve(2, 2, a, b);
  CHECK(b[0] == 1.5);
  CHECK(b[1] == 0.25);
  CHECK(b[2] == 2);
  CHECK(b[3] == 0.5);
  double singular[] = {1, 2, 2, 4};
  CHECK_THAT(message_of([&] { solve(2, 1, singular, b); }), contains("singular"));
}

TEST_CASE("arguments of families are read or refused", "[warp]") {
  CHECK(make_warp("tps:points=5")->theta_shape() == Shape{5, 5, 2});
  CHECK(make_warp("tps:points=5")->name() == "tps:points=5");
  CHECK(make_warp("flow:rows=3,columns=4")->theta_size() == 24);
  CHECK(make_warp("flow")->parameters().size() == 28 * 28 * 2);
  const auto message = [](const char* text) { return message_of([&] { make_warp(text); }); };
  CHECK_THAT(message("tps:size=5"), contains("tps has no argument size; it has points, limit"));
  CHECK_THAT(message("affine:size=5"), contains("affine has no argument size; it has none"));
  CHECK_THAT(message("tps:points"), contains("\"points\" is not KEY=NUMBER"));
  CHECK_THAT(message("tps:"), contains("\"\" is not KEY=NUMBER"));
  CHECK_THAT(message("tps:points=3,"), contains("\"\" is not KEY=NUMBER"));
  CHECK_THAT(message("tps:points=3x"), contains("\"points=3x\" is not KEY=NUMBER"));
  CHECK_THAT(message("tps:points=3,points=4"), contains("points is given twice"));
  CHECK_THAT(message("tps:points=1"), contains("points must be in [2, 12], got 1"));
  CHECK_THAT(message("tps:points=2.5"), contains("points must be a whole number, got 2.5"));
  CHECK_THAT(message("pose:angle=nan"), contains("is not KEY=NUMBER"));
  CHECK_THAT(message("spline:points=2"), contains("no family of transforms \"spline\""));
}
