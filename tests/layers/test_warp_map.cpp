#include <cmath>
#include <limits>

#include "core/random.h"
#include "layers/arithmetic.h"
#include "layers/flatten.h"
#include "layers/linear.h"
#include "layers/sequential.h"
#include "layers/spatial_transformer.h"
#include "layers/warp_map.h"
#include "layers/warps/families.h"
#include "tests/catch.h"
#include "tests/gradcheck.h"
#include "tests/reference.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

std::vector<Real> near_identity(const Warp& warp, Random& rng, double amount) {
  std::vector<Real> theta = warp.identity();
  for (Real& value : theta) value += static_cast<Real>(rng.uniform(-amount, amount));
  return theta;
}

}  // namespace

TEST_CASE("points go forth and back through every family", "[warp][warp_map]") {
  Random rng(5);
  std::vector<std::string> names = warp_names();
  names.push_back("flow:rows=4,columns=5");
  names.push_back("tps:points=5,limit=0.2");
  for (const std::string& name : names)
    for (int trial = 0; trial < 5; ++trial) {
      INFO(name);
      const auto warp = make_warp(name);
      // A dense field of random displacements must not fold: half a cell is 1/28.
      const auto theta = near_identity(*warp, rng, name == "flow" ? 0.01 : 0.1);
      for (const WarpPoint at :
           {WarpPoint{0, 0}, {Real(0.3), Real(-0.7)}, {Real(-0.9), Real(0.8)}}) {
        const auto back = map_back(*warp, theta, warp->map(theta, at));
        REQUIRE(back);
        CHECK(std::abs((*back)[0] - at[0]) <= Real(1e-4));
        CHECK(std::abs((*back)[1] - at[1]) <= Real(1e-4));
      }
    }
}

TEST_CASE("points that nothing looks at are none", "[warp][warp_map]") {
  const auto affine = make_warp("affine");
  CHECK_FALSE(map_back(*affine, std::vector<Real>{1, 2, 0, 2, 4, 0}, {1, 0}));
  // w = 1 + x / 2: the line x = 2 of the input is where the horizon, x = infinity, is seen.
  const auto projective = make_warp("projective");
  const std::vector<Real> tilted = {1, 0, 0, 0, 1, 0, Real(0.5), 0};
  CHECK(map_back(*projective, tilted, {Real(0.5), 0}));
  CHECK_FALSE(map_back(*projective, tilted, {3, 0}));
  const Real nan = std::numeric_limits<Real>::quiet_NaN();
  CHECK_FALSE(map_back(*make_warp("tps"), std::vector<Real>(32, nan), {0, 0}));
}

TEST_CASE("a singular theta has no inverse, however it was rounded", "[warp][warp_map]") {
  const auto affine = make_warp("affine"), projective = make_warp("projective");
  const Real r = Real(0.1);
  for (const std::vector<Real>& theta :
       {std::vector<Real>{1, 2, 0, 2, 4, 0}, {r, 3 * r, r, 3 * r, 9 * r, 0}, {0, 0, 1, 0, 0, 1}})
    CHECK_FALSE(invert(*affine, theta));
  for (const std::vector<Real>& theta :
       {std::vector<Real>{1, 0, 2, 0, 1, 0, Real(0.5), 0},  // its last row is half of its first
        {7 * r, r, 2, 3 * r, 6 * r, 6 * r, Real(0.35), Real(0.05)},
        {1, 2, 0, 2, 4, 0, 0, 0}})
    CHECK_FALSE(invert(*projective, theta));
  // Small is not singular, and neither is narrow.
  const Real tiny = Real(1e-15);
  const auto enlarged = invert(*affine, std::vector<Real>{tiny, 0, 0, 0, tiny, 0});
  REQUIRE(enlarged);
  CHECK((*enlarged)[0] == Approx(1e15));
  CHECK(invert(*affine, std::vector<Real>{1, 1, 0, 1, Real(1.001), 0}));
  for (const std::string& name : warp_names())
    CHECK_THAT(message_of([&] { invert(*make_warp(name), std::vector<Real>(5)); }),
               contains("theta has 5 values; " + name + " takes"));
  const WarpBox lost =
      map_box(*affine, std::vector<Real>{std::numeric_limits<Real>::quiet_NaN(), 0, 0, 0, 1, 0});
  CHECK(std::isnan(lost.left + lost.right));
  CHECK(lost.top == -1);
}

TEST_CASE("boxes go forth and back", "[warp][warp_map]") {
  const auto affine = make_warp("affine");
  const std::vector<Real> half = {Real(0.5), 0, Real(0.25), 0, Real(0.25), Real(-0.5)};
  const WarpBox seen = map_box(*affine, half);
  CHECK(seen.left == Real(-0.25));
  CHECK(seen.right == Real(0.75));
  CHECK(seen.top == Real(-0.75));
  CHECK(seen.bottom == Real(-0.25));
  const auto back = map_box_back(*affine, half, seen);
  REQUIRE(back);
  CHECK(std::abs(back->left + 1) <= Real(1e-5));
  CHECK(std::abs(back->bottom - 1) <= Real(1e-5));
  // A quarter turn exchanges width and height.
  const WarpBox turned = map_box(*affine, std::vector<Real>{0, -1, 0, 1, 0, 0},
                                 {Real(-0.5), Real(-0.2), Real(0.5), Real(0.2)});
  CHECK(std::abs(turned.right - Real(0.2)) <= Real(1e-6));
  CHECK(std::abs(turned.bottom - Real(0.5)) <= Real(1e-6));
  CHECK_FALSE(map_box_back(*affine, std::vector<Real>{0, 0, 0, 0, 0, 0}));
  const auto tps = make_warp("tps");
  const WarpBox shifted = map_box(*tps, std::vector<Real>(32, Real(0.25)));
  CHECK(std::abs(shifted.right - Real(1.25)) <= Real(1e-5));
}

TEST_CASE("theta is said in words", "[warp][warp_map]") {
  for (const std::string& name : warp_names()) {
    INFO(name);
    const auto warp = make_warp(name);
    CHECK(in_words(*warp, warp->identity()) == "as it is");
  }
  const auto similarity = make_warp("similarity");
  const auto cosine = static_cast<Real>(0.8 * std::cos(0.5)),
             sine = static_cast<Real>(0.8 * std::sin(0.5));
  CHECK(in_words(*similarity, std::vector<Real>{cosine, sine, Real(0.1), 0}) ==
        "turned by 29 degrees, 0.80 times the size, centre at (0.10, 0.00), 2% outside");
  CHECK(in_words(*make_warp("affine"), std::vector<Real>{1, Real(0.5), 0, 0, 1, 0}) ==
        "slanted by 27 degrees, 12% outside");
  CHECK(in_words(*make_warp("affine"), std::vector<Real>{2, 0, 0, 0, 2, 0}) ==
        "2.00 times the size, 75% outside");
  CHECK(in_words(*make_warp("translation"), std::vector<Real>{3, 0}) ==
        "centre at (3.00, 0.00), 100% outside");
  // Mirrored is not turned: left and right, or above and below, which is that and a half turn.
  CHECK(in_words(*make_warp("affine"), std::vector<Real>{-1, 0, 0, 0, 1, 0}) == "mirrored");
  CHECK(in_words(*make_warp("affine"), std::vector<Real>{1, 0, 0, 0, -1, 0}) ==
        "mirrored, turned by 180 degrees");
  CHECK(in_words(*make_warp("affine"), std::vector<Real>{1, 2, 0, Real(0.5), 1, 0}) ==
        "turned by 27 degrees, slanted by 90 degrees, 0.00 times the size, 50% outside");
  std::vector<Real> bent(32);
  bent[10] = Real(0.6);
  CHECK_THAT(in_words(*make_warp("tps"), bent), contains("bent by 0."));
  CHECK(in_words(*similarity, std::vector<Real>(4, std::numeric_limits<Real>::quiet_NaN())) ==
        "not finite");
}

TEST_CASE("the penalty towards the identity", "[warp][warp_map][gradcheck]") {
  const auto affine = make_warp("affine");
  const Tensor theta = Tensor::per_sample({2, 3});
  for (int k = 0; k < 6; ++k) theta[k] = broadcast(k == 1 ? 3 : 0);
  CHECK(std::abs(identity_penalty(*affine, theta)[0][4] - Real(11.0 / 6)) <= Real(1e-6));
  for (const std::string& name : warp_names()) {
    const auto warp = make_warp(name == "flow" ? "flow:rows=2,columns=3" : name);
    check_gradients("identity_penalty of " + name,
                    [&](std::span<const Tensor> in) { return identity_penalty(*warp, in[0]); },
                    {random_tensor(warp->theta_shape(), Kind::per_sample)});
  }
  CHECK_THAT(message_of([&] { identity_penalty(*affine, Tensor::zeros({4}, true)); }),
             contains("[identity_penalty] theta must be per-sample [2, 3] for affine"));
}

TEST_CASE("a recurrent transformer composes what it finds and resamples the original",
          "[spatial_transformer][gradcheck]") {
  Random rng(2);
  for (const char* name : {"affine", "similarity", "projective"}) {
    INFO(name);
    const auto warp = make_warp(name);
    auto network = std::make_unique<Sequential>();
    network->add<Flatten>().add<Linear>({.in = 12, .out = warp->theta_size()}, rng);
    const std::vector<Tensor> parameters = network->parameters();
    init_identity(*network, *warp);
    for (int i = 0; i < parameters[0].size(); ++i)
      parameters[0].data()[i] = static_cast<Real>(rng.uniform(-0.1, 0.1));
    const SpatialTransformer twice(std::move(network), warp, {.height = 2, .steps = 2});
    CHECK_THAT(twice.describe(), contains("steps=2"));
    const Tensor x = random_tensor({1, 3, 4}, Kind::per_sample);
    const auto found = [&](const Tensor& image) {
      return linear(image.reshape({12}), parameters[0], parameters[1]);
    };
    const Tensor first = found(x);
    const Tensor both = warp->compose(first, found(spatial_transform(x, first, *warp)));
    CHECK(difference(twice.theta(x), both.reshape(warp->theta_shape())) == 0);
    CHECK(difference(twice(x), spatial_transform(x, both, *warp, {.height = 2})) == 0);
#ifdef FOVEA_DOUBLE  // steps of single precision would cross kinks
    check_gradients(cat("recurrent ", name),
                    [&](std::span<const Tensor> in) {
                      const auto look = [&](const Tensor& image) {
                        return linear(image.reshape({12}), in[1], in[2]);
                      };
                      const Tensor theta = look(in[0]);
                      const Tensor left = look(spatial_transform(in[0], theta, *warp));
                      return spatial_transform(in[0], warp->compose(theta, left), *warp);
                    },
                    {x, parameters[0].clone(), parameters[1].clone()});
#endif
  }
  CHECK_THAT(message_of([&] {
               SpatialTransformer(std::make_unique<Linear>(LinearOptions{.in = 4, .out = 32}, rng),
                                  make_warp("tps"), {.steps = 2});
             }),
             contains("2 steps need a family that composes; tps does not"));
}
