// Distorted digits: what each of them does, by images whose fate can be computed.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "data/distort.h"
#include "data/distort_maps.h"
#include "tests/digits.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

using Pixels = std::vector<std::uint8_t>;

// One image, 28 x 28 unless told otherwise, of class 3 of ten.
Dataset one_image(Pixels pixels, Shape shape = {1, 28, 28}) {
  Dataset data;
  data.name = "one";
  data.image_shape = shape;
  data.pixels = std::move(pixels);
  data.labels = {3};
  data.class_names = digits().test.class_names;
  data.mean.assign(static_cast<std::size_t>(shape[0]), 0.1f);
  data.stddev.assign(static_cast<std::size_t>(shape[0]), 0.3f);
  return data;
}

// Where the ink is, from the middle of the image, and how much of it (1: a white pixel).
struct Ink {
  double x = 0, y = 0, amount = 0;
};
Ink ink_of(const std::uint8_t* pixels, int height, int width) {
  Ink ink;
  for (int i = 0; i < height; ++i)
    for (int j = 0; j < width; ++j) {
      const double value = pixels[i * width + j] / 255.0;
      ink.amount += value;
      ink.x += value * (j - (width - 1) / 2.0);
      ink.y += value * (i - (height - 1) / 2.0);
    }
  ink.x /= ink.amount, ink.y /= ink.amount;
  return ink;
}

std::vector<Ink> draws(const std::string& name, const Dataset& base, int count) {
  const auto distortion = make_distortion(name, base);
  const Shape shape = distortion->image_shape();
  Pixels out(static_cast<std::size_t>(shape.size()));
  std::vector<Ink> inks;
  for (int draw = 1; draw <= count; ++draw) {
    CHECK((*distortion)(base.pixels.data(), 3, distortion_stream(draw, 0), out.data()) == 3);
    inks.push_back(ink_of(out.data(), shape[1], shape[2]));
  }
  return inks;
}

// A square of white, `side` pixels, with its middle `right` of the image's.
Pixels white_square(int side, int right) {
  Pixels pixels(784);
  for (int i = 14 - side / 2; i < 14 + side / 2; ++i)
    for (int j = 14 - side / 2; j < 14 + side / 2; ++j)
      pixels[static_cast<std::size_t>(i * 28 + j + right)] = 255;
  return pixels;
}

template <class Value>
std::pair<double, double> range_of(const std::vector<Ink>& inks, const Value& value) {
  double low = 1e9, high = -1e9;
  for (const Ink& ink : inks) low = std::min(low, value(ink)), high = std::max(high, value(ink));
  return {low, high};
}

}  // namespace

TEST_CASE("distortions: names, shapes and classes", "[distort]") {
  CHECK(distortion_names() == std::vector<std::string>{"R", "RTS", "P", "E", "TC", "addition"});
  const std::map<std::string, Shape> shapes = {{"R", {1, 28, 28}},  {"RTS", {1, 42, 42}},
                                               {"P", {1, 42, 42}},  {"E", {1, 42, 42}},
                                               {"TC", {1, 60, 60}}, {"addition", {2, 42, 42}}};
  for (const auto& [name, shape] : shapes) {
    const auto distortion = make_distortion(name, digits().test);
    CHECK(distortion->image_shape() == shape);
    CHECK(distortion->class_names().size() == (name == "addition" ? 19u : 10u));
    const Dataset set = distorted(digits().test, name);
    CHECK_NOTHROW(validate(set));
    CHECK(set.size() == digits().test.size());
    CHECK(set.mean.size() == static_cast<std::size_t>(shape[0]));
    CHECK(set.pixels == distorted(digits().test, name).pixels);
    CHECK(set.pixels != distorted(digits().test, name, 2).pixels);
  }
  CHECK_THAT(message_of([] { make_distortion("X", digits().test); }),
             contains("there is no distortion \"X\"; known are R, RTS"));
}

TEST_CASE("distortions take images of any size and number of channels", "[distort]") {
  const Dataset colour = one_image(Pixels(3 * 20 * 32, 200), {3, 20, 32});
  for (const std::string& name : distortion_names()) {
    CHECK(distorted(one_image(Pixels(1, 255), {1, 1, 1}), name).size() == 1);
    const Dataset set = distorted(colour, name);
    CHECK(set.image_shape[0] == (name == "addition" ? 6 : 3));
    CHECK(set.image_shape[2] == (name == "R" ? 32 : name == "TC" ? 69 : 48));
    CHECK(std::count(set.pixels.begin(), set.pixels.end(), 200) > 100);
  }
}

TEST_CASE("R turns by up to 90 degrees about the middle", "[distort]") {
  const Dataset base = one_image(white_square(4, 9));
  const auto inks = draws("R", base, 400);
  for (const Ink& ink : inks) {
    REQUIRE(std::hypot(ink.x, ink.y) == Approx(9).margin(0.1));
    REQUIRE(ink.amount == Approx(16).epsilon(0.05));
    REQUIRE(ink.x > -0.1);
  }
  const auto [low, high] = range_of(inks, [](const Ink& k) { return std::atan2(k.y, k.x); });
  CHECK(low == Approx(-1.57).margin(0.05));
  CHECK(high == Approx(1.57).margin(0.05));
}

TEST_CASE("RTS turns by up to 45 degrees, scales and keeps the digit on the canvas", "[distort]") {
  const auto inks = draws("RTS", one_image(white_square(20, 0)), 400);
  for (const Ink& ink : inks) {
    const double scale = std::sqrt(ink.amount) / 20, room = (42 - 28 * scale) / 2;
    REQUIRE((scale > 0.68 && scale < 1.22));
    REQUIRE(std::max(std::abs(ink.x), std::abs(ink.y)) < room + 0.4);
  }
  const auto [low, high] = range_of(inks, [](const Ink& k) { return std::sqrt(k.amount) / 20; });
  CHECK(low < 0.73);
  CHECK(high > 1.17);
  const auto [left, right] = range_of(inks, [](const Ink& k) { return k.x; });
  CHECK(left < -8);
  CHECK(right > 8);
  // A mark to the right stays within 45 degrees: seen from the middle of the square.
  Pixels marked = white_square(20, 0);
  for (std::uint8_t& pixel : marked) pixel /= 4;
  for (int i = 12; i < 16; ++i)
    for (int j = 20; j < 24; ++j) marked[static_cast<std::size_t>(i * 28 + j)] = 255;
  const auto heavier = draws("RTS", one_image(marked), 400);
  double most = 0;
  for (std::size_t i = 0; i < inks.size(); ++i) {
    const double dx = heavier[i].x - inks[i].x, dy = heavier[i].y - inks[i].y;
    most = std::max(most, std::abs(std::atan2(dy, dx)) * 180 / 3.14159265);
  }
  CHECK(most == Approx(45).margin(2));
}

TEST_CASE("a quadrangle's corners are those of the image, and lines stay lines", "[distort]") {
  Resampler resampler({1, 28, 20}, 42, 42);
  const Quadrangle corners = {{{5.5, 6.5}, {30.5, 3.5}, {38.5, 35.5}, {8.5, 30.5}}};
  REQUIRE(is_convex(corners));
  locate_quadrangle(resampler, {1, 28, 20}, corners);
  const double expected[4][2] = {{-0.5, -0.5}, {19.5, -0.5}, {19.5, 27.5}, {-0.5, 27.5}};
  for (std::size_t k = 0; k < 4; ++k) {
    const int j = static_cast<int>(corners[k][0]), i = static_cast<int>(corners[k][1]);
    CHECK(resampler.x(i)[j] == Approx(expected[k][0]).margin(1e-3));
    CHECK(resampler.y(i)[j] == Approx(expected[k][1]).margin(1e-3));
  }
  Resampler wide({1, 28, 20}, 42, 42);  // half the image's width lies between corners of twice it
  locate_quadrangle(wide, {1, 28, 20}, corners, 2);
  for (std::size_t k = 0; k < 4; ++k) {
    const int j = static_cast<int>(corners[k][0]), i = static_cast<int>(corners[k][1]);
    CHECK(wide.x(i)[j] == Approx(2 * expected[k][0] - 9.5).margin(1e-3));
    CHECK(wide.y(i)[j] == Approx(2 * expected[k][1] - 13.5).margin(1e-3));
  }
  for (int i = 10; i < 25; ++i) {
    const auto slope = [&](int a, int b) {
      return (resampler.y(i)[b] - resampler.y(i)[a]) / (resampler.x(i)[b] - resampler.x(i)[a]);
    };
    CHECK(slope(12, 20) == Approx(slope(20, 30)).epsilon(1e-3));
  }
  CHECK_FALSE(is_convex({{{0, 0}, {10, 0}, {2, 2}, {0, 10}}}));    // a dent
  CHECK_FALSE(is_convex({{{0, 0}, {10, 10}, {10, 0}, {0, 10}}}));  // crossed
  CHECK_FALSE(is_convex({{{10, 0}, {0, 0}, {0, 10}, {10, 10}}}));  // mirrored
}

TEST_CASE("beyond the horizon of a quadrangle is nothing", "[distort]") {
  Resampler resampler({1, 28, 28}, 42, 42);
  // Its upper side is so short that the horizon crosses the canvas.
  locate_quadrangle(resampler, {1, 28, 28}, {{{20, 18}, {22, 18}, {38, 38}, {4, 38}}});
  const Pixels white(784, 255);
  Pixels out(42 * 42);
  resampler(white.data(), out.data());
  for (int j = 0; j < 42; ++j) CHECK(int{out[static_cast<std::size_t>(5 * 42 + j)]} == 0);
  CHECK(int{out[30 * 42 + 21]} == 255);
}

TEST_CASE("P moves the corners and E bends; both leave the digit readable", "[distort]") {
  for (const char* name : {"P", "E"}) {
    const auto inks = draws(name, one_image(white_square(20, 0)), 300);
    double mean = 0;
    for (const Ink& ink : inks) {
      REQUIRE(ink.amount > 30);
      mean += ink.amount / 300;
    }
    // Scales are U(0.75, 1): 400 pixels times the mean of their squares; perspective takes some.
    CHECK(mean == Approx(400 * 0.771).epsilon(name[0] == 'P' ? 0.15 : 0.04));
    const auto [left, right] = range_of(inks, [](const Ink& k) { return k.x; });
    CHECK(left < -1);
    CHECK(right > 1);
  }
}

TEST_CASE("a spline passes through its control points, and is affine where they are", "[distort]") {
  // The canvas is a pixel wider than the image, so that the points are centres of pixels.
  const Shape in{1, 27, 27}, canvas{1, 28, 28};
  const SplineField spline(in, canvas);
  Resampler resampler(in, 28, 28);
  SplineField::Moves moves{};
  Random random(3);
  for (auto& [x, y] : moves)
    x = static_cast<float>(random.normal()), y = static_cast<float>(random.normal());
  spline.locate(resampler, moves, 1);
  for (int p = 0; p < SplineField::points; ++p) {
    const int i = p / 4 * 9, j = p % 4 * 9;
    CHECK(
        resampler.x(i)[j] ==
        Approx(j - 0.5 + static_cast<double>(moves[static_cast<std::size_t>(p)][0])).margin(1e-3));
    CHECK(
        resampler.y(i)[j] ==
        Approx(i - 0.5 + static_cast<double>(moves[static_cast<std::size_t>(p)][1])).margin(1e-3));
  }
  for (int p = 0; p < SplineField::points; ++p) {
    const float column = static_cast<float>(p % 4), row = static_cast<float>(p / 4);
    moves[static_cast<std::size_t>(p)] = {2 * column - row, 1 + row};
  }
  spline.locate(resampler, moves, 0.5);
  for (int i = 0; i < 28; i += 5)
    for (int j = 0; j < 28; j += 5) {
      const double column = j / 9.0, row = i / 9.0;
      CHECK(resampler.x(i)[j] == Approx(13 + 2 * (j - 13.5 + 2 * column - row)).margin(2e-3));
      CHECK(resampler.y(i)[j] == Approx(13 + 2 * (i - 13.5 + 1 + row)).margin(2e-3));
    }
}

TEST_CASE("TC: the digit whole, and six pieces of others", "[distort]") {
  // The digit is grey, and the others white in one corner: pieces are told by their value.
  Dataset base = one_image(Pixels(784, 0));
  for (int i = 10; i < 18; ++i)
    for (int j = 10; j < 18; ++j) base.pixels[static_cast<std::size_t>(i * 28 + j)] = 100;
  const Pixels digit = base.pixels;
  for (int other = 0; other < 3; ++other) {
    base.pixels.insert(base.pixels.end(), 784, 255);
    base.labels.push_back(5);
  }
  const auto distortion = make_distortion("TC", base);
  Pixels out(3600);
  std::set<int> places;
  for (int draw = 1; draw <= 100; ++draw) {
    CHECK((*distortion)(digit.data(), 3, distortion_stream(draw, 0), out.data()) == 3);
    const auto white = std::count(out.begin(), out.end(), 255);
    const auto grey = std::count(out.begin(), out.end(), 100);
    REQUIRE((white <= 6 * 36 && white >= 36));
    REQUIRE(grey <= 64);
    for (int k = 0; k < 3600; ++k)
      if (out[static_cast<std::size_t>(k)] == 100) {
        places.insert(k);
        break;
      }
  }
  CHECK(places.size() > 60);
}

TEST_CASE("addition: two digits, the class their sum", "[distort]") {
  const Dataset& base = digits().test;
  const Dataset sums = distorted(base, "addition");
  std::set<std::int32_t> seen;
  for (int i = 0; i < base.size(); ++i) {
    const std::int32_t other =
        sums.labels[static_cast<std::size_t>(i)] - base.labels[static_cast<std::size_t>(i)];
    REQUIRE((other >= 0 && other <= 9));
    seen.insert(other);
    for (int c = 0; c < 2; ++c)
      REQUIRE(ink_of(sums.image(i).data() + c * 42 * 42, 42, 42).amount > 10);
  }
  CHECK(seen.size() > 5);
  CHECK(sums.class_names[18] == "18");
}
