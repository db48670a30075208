#include <limits>

#include "layers/interpolate.h"
#include "tests/catch.h"
#include "tests/golden.h"
#include "tests/reference.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

using Mode = InterpolateMode;
constexpr int most = std::numeric_limits<int>::max();

std::string message(const Tensor& x, const InterpolateOptions& o) {
  return message_of([&] { interpolate(x, o); });
}

}  // namespace

TEST_CASE("interpolate gives PyTorch's values and gradients", "[interpolate][golden]") {
  check_golden(
      "interpolate.json", "interpolate", [](const GoldenCase& c, std::span<const Tensor> x) {
        const std::vector<double>&size = c.attributes.at("size"), &scale = c.attributes.at("scale");
        return interpolate(x[0], {.size = {static_cast<int>(size[0]), static_cast<int>(size[1])},
                                  .scale_factor = {scale[0], scale[1]},
                                  .mode = static_cast<Mode>(c.integer("mode")),
                                  .align_corners = c.integer("align_corners") != 0});
      });
}

TEST_CASE("interpolate has the gradients of its differences", "[interpolate][gradcheck]") {
  const Tensor x = random_tensor({2, 3, 4}, Kind::per_sample);
  for (const Mode mode : {Mode::nearest, Mode::bilinear, Mode::bicubic})
    for (const bool align : {false, true})
      for (const Extent2 size : {Extent2(1), Extent2(2, 7), Extent2(5, 3)}) {
        if (align && mode == Mode::nearest) continue;
        const InterpolateOptions o{.size = size, .mode = mode, .align_corners = align};
        check_gradients("interpolate",
                        [&](std::span<const Tensor> in) { return interpolate(in[0], o); }, {x});
      }
}

TEST_CASE("interpolate to the same size changes nothing", "[interpolate]") {
  const Tensor x = random_integers({2, 5, 7}, true, 1);
  for (const Mode mode : {Mode::nearest, Mode::bilinear, Mode::bicubic}) {
    CHECK(difference(interpolate(x, {.size = {5, 7}, .mode = mode}), x) == 0);
    CHECK(difference(interpolate(x, {.scale_factor = 1, .mode = mode}), x) == 0);
  }
  CHECK(interpolate(x, {.scale_factor = {0.5, 2.9}}).shape() == Shape{2, 2, 20});
}

TEST_CASE("Upsample describes itself as PyTorch", "[interpolate]") {
  const Upsample up({.scale_factor = 2});
  CHECK(up.describe() == "Upsample(scale_factor=(2, 2), mode='nearest')");
  CHECK(up(Tensor::zeros({1, 2, 3}, true)).shape() == Shape{1, 4, 6});
  CHECK(Upsample({.size = {3, 4}, .mode = Mode::bilinear, .align_corners = true}).describe() ==
        "Upsample(size=(3, 4), mode='bilinear', align_corners=True)");
}

TEST_CASE("interpolate says what does not fit", "[interpolate][odd]") {
  const Tensor x = Tensor::zeros({1, 2, 3}, true);
  const std::string either = "[interpolate] Takes either a size or a scale_factor";
  CHECK(message(x, {}) == either);
  CHECK(message(x, {.size = 2, .scale_factor = 2}) == either);
  CHECK(message(x, {.size = {0, 2}}) == "[interpolate] The size must be positive, got 0x2");
  CHECK(message(x, {.size = -1}) == "[interpolate] The size must be positive, got -1x-1");
  for (const double bad :
       {-1.0, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()})
    CHECK(message(x, {.scale_factor = bad}).find("[interpolate] The scale_factor must be") == 0);
  CHECK(message(x, {.scale_factor = {2, 0}}).find("[interpolate] The scale_factor must be") == 0);
  CHECK(message(x, {.scale_factor = 0.1}) ==
        "[interpolate] An extent of 2 times 0.1 is 0, which is no size");
  CHECK(message(x, {.scale_factor = 1e300}).find("which is no size") != std::string::npos);
  CHECK(message(x, {.size = 2, .align_corners = true}).find("[interpolate] align_corners") == 0);
  CHECK(message(x, {.size = most}) == "shape: more than 2^31 elements");
  CHECK(message(Tensor::zeros({1, 2, 3}), {.size = 2}) ==
        "[interpolate] The input must be per-sample [C, H, W], got shared [1, 2, 3]");
  for (const Shape& shape : {Shape{0, 2, 3}, Shape{1, 0, 3}, Shape{1, 2, 0}, Shape{2, 3}})
    CHECK(message(Tensor::zeros(shape, true), {.size = 2}).find("must be per-sample") !=
          std::string::npos);
}
