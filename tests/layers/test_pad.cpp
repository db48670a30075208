#include <limits>

#include "layers/pad.h"
#include "tests/catch.h"
#include "tests/golden.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

constexpr int most = std::numeric_limits<int>::max();

Tensor call(const Tensor& x, const std::vector<double>& padding, PadMode mode, Real value) {
  const auto p = [&](std::size_t i) { return static_cast<int>(padding[i]); };
  if (padding.size() == 2) return pad(x, {p(0), p(1)}, mode, value);
  return pad(x, {p(0), p(1), p(2), p(3)}, mode, value);
}

std::vector<int> padded(std::initializer_list<int> padding, PadMode mode) {
  const Tensor y = pad(Tensor::from({4}, {1, 2, 3, 4}), padding, mode);
  return {y.values().begin(), y.values().end()};
}

}  // namespace

TEST_CASE("pad gives PyTorch's values and gradients", "[pad][golden]") {
  check_golden("padding.json", "pad", [](const GoldenCase& c, std::span<const Tensor> x) {
    return call(x[0], c.attributes.at("padding"), static_cast<PadMode>(c.integer("mode")),
                static_cast<Real>(c.attribute("value")));
  });
}

TEST_CASE("pad has the gradients of its differences", "[pad][gradcheck]") {
  for (Kind kind : {Kind::shared, Kind::per_sample})
    for (PadMode mode :
         {PadMode::constant, PadMode::reflect, PadMode::replicate, PadMode::circular}) {
      const auto run = [mode](std::span<const Tensor> x) {
        return pad(x[0], {2, 1, -1, 1}, mode, 3);
      };
      check_gradients("pad", run, {random_tensor({2, 3, 4}, kind)});
    }
}

TEST_CASE("pad in every mode", "[pad]") {
  using V = std::vector<int>;
  CHECK(padded({3, 2}, PadMode::constant) == V{0, 0, 0, 1, 2, 3, 4, 0, 0});
  CHECK(padded({3, 2}, PadMode::reflect) == V{4, 3, 2, 1, 2, 3, 4, 3, 2});
  CHECK(padded({3, 2}, PadMode::replicate) == V{1, 1, 1, 1, 2, 3, 4, 4, 4});
  CHECK(padded({3, 2}, PadMode::circular) == V{2, 3, 4, 1, 2, 3, 4, 1, 2});
  CHECK(padded({-1, 2}, PadMode::circular) == V{2, 3, 4, 2, 3});
  CHECK(padded({-2, -1}, PadMode::constant) == V{3});
  CHECK(padded({-2, -2}, PadMode::constant).empty());
  CHECK(padded({}, PadMode::reflect) == V{1, 2, 3, 4});
}

TEST_CASE("pad of nothing, and beyond all bounds", "[pad][odd]") {
  const auto message = [](const Shape& shape, std::initializer_list<int> padding, PadMode mode) {
    return message_of([&] { pad(Tensor::zeros(shape, true), padding, mode); });
  };
  CHECK(pad(Tensor::zeros({0, 2}), {1, 1}).shape() == Shape{0, 4});
  CHECK(pad(Tensor::zeros({2, 0}), {1, 1}, PadMode::constant, 7).data()[3] == 7);
  CHECK(pad(Tensor::zeros({}), {}).shape() == Shape{});
  CHECK(pad(Tensor::zeros({0, 2}), {1, 1}, PadMode::reflect).shape() == Shape{0, 4});
  CHECK(message({4}, {1}, PadMode::constant) ==
        "[pad] Takes two numbers a dimension, for at most the 1 of shape [4], got 1");
  CHECK(message({4}, {1, 1, 1, 1}, PadMode::constant).find("[pad] Takes two numbers") == 0);
  CHECK(message({4}, {-3, -2}, PadMode::constant) ==
        "[pad] Padding -3 and -2 of dimension 0 of shape [4] cuts off more than there is");
  CHECK(message({4}, {-2, -2}, PadMode::replicate).find("leaves no element") != std::string::npos);
  CHECK(message({4}, {0, 4}, PadMode::reflect) ==
        "[pad] Padding 0 and 4 of dimension 0 of shape [4] reflects more than there is");
  CHECK(message({4}, {5, 0}, PadMode::circular) ==
        "[pad] Padding 5 and 0 of dimension 0 of shape [4] wraps around more than once");
  CHECK(message({4}, {4, -1}, PadMode::circular).find("wraps around") != std::string::npos);
  CHECK(message({0}, {1, 0}, PadMode::replicate) ==
        "[pad] Padding 1 and 0 of dimension 0 of shape [0] leaves no element to repeat");
  for (PadMode mode : {PadMode::constant, PadMode::replicate, PadMode::reflect, PadMode::circular})
    CHECK(message({4}, {most, most}, mode).find("makes more than 2^31") != std::string::npos);
  for (PadMode mode : {PadMode::constant, PadMode::replicate, PadMode::reflect, PadMode::circular})
    CHECK(message({4}, {-most - 1, most}, mode).find("cuts off more") != std::string::npos);
  CHECK(padded({-4, 2}, PadMode::constant) == std::vector<int>{0, 0});
  CHECK(message({1 << 20, 1}, {1 << 20, 0}, PadMode::constant).find("2^31") != std::string::npos);
}
