#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "core/error.h"
#include "data/augment.h"
#include "tests/catch.h"

namespace {

using fovea::Augmentation;
using fovea::Augmenter;
using fovea::Random;
using fovea::Shape;
using Pixels = std::vector<std::uint8_t>;

Pixels noise(Shape shape, std::uint64_t seed) {
  Pixels out(static_cast<std::size_t>(shape.size()));
  Random random(seed);
  for (std::uint8_t& v : out) v = static_cast<std::uint8_t>(random.bits());
  return out;
}

Pixels augment(const Augmentation& options, Shape shape, const Pixels& in, Random random) {
  Pixels out(in.size());
  Augmenter(options, shape)(in.data(), out.data(), random);
  return out;
}

// The plain definition in double precision: for every output pixel undo shift, turn, slant, size
// and mirror, then interpolate between the four nearest pixels.
Pixels reference(const Augmentation& o, Shape shape, const Pixels& in, Random random) {
  const int channels = shape[0], height = shape[1], width = shape[2];
  const auto draw = [&](double range) { return range > 0 ? random.uniform(-range, range) : 0; };
  const double radians = std::acos(-1.0) / 180;
  const bool flip = o.flip && random.bits() >> 31;
  const double scale = 1 + draw(o.scale), angle = draw(o.rotation) * radians;
  const double slant = std::tan(draw(o.shear) * radians);
  const double shift_x = draw(o.shift), shift_y = draw(o.shift);
  const double cx = (width - 1) / 2.0, cy = (height - 1) / 2.0;
  Pixels out(in.size());
  for (int c = 0; c < channels; ++c)
    for (int i = 0; i < height; ++i)
      for (int j = 0; j < width; ++j) {
        const double dx = j - cx - shift_x, dy = i - cy - shift_y;
        const double rx = (std::cos(angle) * dx + std::sin(angle) * dy) / scale;
        const double ry = (-std::sin(angle) * dx + std::cos(angle) * dy) / scale;
        double x = rx - slant * ry + cx, y = ry + cy;
        if (flip) x = width - 1 - x;
        if (channels > 1) x = std::clamp(x, 0.0, width - 1.0), y = std::clamp(y, 0.0, height - 1.0);
        const int x0 = static_cast<int>(std::floor(x)), y0 = static_cast<int>(std::floor(y));
        const auto at = [&](int yy, int xx) {
          const bool inside = xx >= 0 && yy >= 0 && xx < width && yy < height;
          return inside ? double(in[std::size_t((c * height + yy) * width + xx)]) : 0.0;
        };
        const double fx = x - x0, fy = y - y0;
        const double value = (at(y0, x0) * (1 - fx) + at(y0, x0 + 1) * fx) * (1 - fy) +
                             (at(y0 + 1, x0) * (1 - fx) + at(y0 + 1, x0 + 1) * fx) * fy;
        out[std::size_t((c * height + i) * width + j)] = static_cast<std::uint8_t>(value + 0.5);
      }
  return out;
}

int largest_difference(const Pixels& a, const Pixels& b) {
  int largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

}  // namespace

TEST_CASE("no augmentation leaves images as they are") {
  CHECK_FALSE(Augmentation{}.any());
  for (const Shape shape : {Shape{1, 28, 28}, Shape{3, 32, 32}, Shape{2, 1, 5}}) {
    const Pixels in = noise(shape, 1);
    CHECK(augment({}, shape, in, Random(2)) == in);
  }
  for (const Augmentation& a :
       {Augmentation{.shift = 1}, Augmentation{.rotation = 1}, Augmentation{.scale = 0.1},
        Augmentation{.shear = 1}, Augmentation{.elastic = 1}, Augmentation{.erase = 0.1},
        Augmentation{.flip = true}})
    CHECK(a.any());
}

TEST_CASE("the fast resampling agrees with its definition") {
  const std::vector<Augmentation> all = {
      {.shift = 3},
      {.rotation = 180},
      {.scale = 0.5},
      {.shear = 45},
      {.flip = true},
      {.shift = 2, .rotation = 15, .scale = 0.1, .shear = 10},
      {.shift = 40, .rotation = 180, .scale = 0.5, .shear = 45, .flip = true}};
  for (const Shape shape :
       {Shape{1, 28, 28}, Shape{3, 32, 32}, Shape{1, 9, 70}, Shape{3, 90, 33}}) {
    // Weights have 8 bits: two levels between extreme neighbours, and one for rounding.
    const Pixels in = noise(shape, 7);
    for (const Augmentation& options : all)
      for (std::uint64_t seed = 0; seed < 10; ++seed)
        REQUIRE(largest_difference(augment(options, shape, in, Random(seed)),
                                   reference(options, shape, in, Random(seed))) <= 3);
  }
}

TEST_CASE("a shift moves a dot by what was drawn, a turn takes it round the centre") {
  const Shape shape{1, 29, 29};
  Pixels in(29 * 29);
  in[14 * 29 + 20] = 240;  // six to the right of the centre
  const auto centre = [&](const Pixels& p, double& x, double& y) {
    double sum = x = y = 0;
    for (int i = 0; i < 29 * 29; ++i)
      sum += p[std::size_t(i)], x += p[std::size_t(i)] * (i % 29),
          y += p[std::size_t(i)] * (i / 29);
    x /= sum, y /= sum;
  };
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    double x, y;
    centre(augment({.shift = 4}, shape, in, Random(seed)), x, y);
    Random random(seed);
    CHECK(x == Approx(20 + random.uniform(-4, 4)).margin(0.02));
    CHECK(y == Approx(14 + random.uniform(-4, 4)).margin(0.02));
    centre(augment({.rotation = 90}, shape, in, Random(seed)), x, y);
    const double angle = Random(seed).uniform(-90, 90) * std::acos(-1.0) / 180;
    // Interpolation spreads a dot unevenly, by up to a tenth of a pixel.
    CHECK(x == Approx(14 + 6 * std::cos(angle)).margin(0.15));
    CHECK(y == Approx(14 + 6 * std::sin(angle)).margin(0.15));
  }
}

TEST_CASE("flip mirrors half of the images exactly") {
  const Shape shape{3, 5, 8};
  const Pixels in = noise(shape, 3);
  Pixels mirrored(in.size());
  for (std::size_t i = 0; i < in.size(); ++i) mirrored[i] = in[i / 8 * 8 + 7 - i % 8];
  int flipped = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Pixels out = augment({.flip = true}, shape, in, Random(fovea::mix(seed)));
    REQUIRE((out == in || out == mirrored));
    flipped += out == mirrored;
  }
  CHECK((flipped > 70 && flipped < 130));
}

TEST_CASE("elastic distortion is smooth, bounded and not zero") {
  // The brightness is the column, so a displacement along x shows as a difference.
  const Shape shape{3, 40, 40};
  Pixels in(3 * 1600);
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<std::uint8_t>(i % 40 * 6);
  double squares = 0;
  int count = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Pixels out = augment({.elastic = 3}, shape, in, Random(seed));
    for (int i = 0; i < 40; ++i)
      for (int j = 4; j < 36; ++j) {
        const int at = i * 40 + j;
        const double moved = (out[std::size_t(at)] - in[std::size_t(at)]) / 6.0;
        REQUIRE(std::abs(moved) <= 3.1);
        if (i > 0) REQUIRE(std::abs(out[std::size_t(at)] - out[std::size_t(at - 40)]) <= 6);
        squares += moved * moved;
        ++count;
      }
  }
  CHECK(std::sqrt(squares / count) == Approx(0.28 * 3).epsilon(0.15));
}

TEST_CASE("beyond the edge a grey image is black and a colour image goes on") {
  const Augmentation options{.shift = 6, .rotation = 40, .elastic = 2};
  const Pixels grey = augment(options, {1, 20, 20}, Pixels(400, 200), Random(1));
  CHECK(std::count(grey.begin(), grey.end(), 0) > 20);
  CHECK(augment(options, {3, 20, 20}, Pixels(1200, 200), Random(1)) == Pixels(1200, 200));
}

TEST_CASE("erase blanks one rectangle of 2 to 20 percent") {
  const Shape shape{1, 40, 30};
  int erased = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const Pixels out = augment({.erase = 0.25}, shape, Pixels(1200, 9), Random(fovea::mix(seed)));
    int left = 99, right = -1, top = 99, bottom = -1, count = 0;
    for (int i = 0; i < 1200; ++i)
      if (out[std::size_t(i)] == 0) {
        left = std::min(left, i % 30), right = std::max(right, i % 30), ++count;
        top = std::min(top, i / 30), bottom = std::max(bottom, i / 30);
      }
    if (count == 0) continue;
    ++erased;
    REQUIRE(count == (right - left + 1) * (bottom - top + 1));
    REQUIRE((count >= 15 && count <= 290));
  }
  CHECK((erased > 70 && erased < 130));
  const Pixels colour = augment({.erase = 1}, {3, 8, 8}, Pixels(192, 9), Random(4));
  for (int c = 0; c < 3; ++c) {
    Pixels plane(colour.begin() + c * 64, colour.begin() + (c + 1) * 64);
    std::sort(plane.begin(), plane.end());
    CHECK(std::unique(plane.begin(), plane.end()) - plane.begin() <= 2);
  }
}

TEST_CASE("the result depends on the image and the random stream only") {
  const Augmentation options{.shift = 2,
                             .rotation = 10,
                             .scale = 0.1,
                             .shear = 5,
                             .elastic = 2,
                             .erase = 0.5,
                             .flip = true};
  const Shape shape{3, 32, 32};
  const Pixels a = noise(shape, 1), b = noise(shape, 2);
  Augmenter augmenter(options, shape);
  Pixels first(a.size()), other(a.size()), again(a.size());
  augmenter(a.data(), first.data(), Random(5));
  augmenter(b.data(), other.data(), Random(6));
  augmenter(a.data(), again.data(), Random(5));
  CHECK(first == again);
  CHECK(first == augment(options, shape, a, Random(5)));
  CHECK(first != augment(options, shape, a, Random(7)));
}

TEST_CASE("values and shapes out of range are refused") {
  const auto message = [](const Augmentation& options, Shape shape) -> std::string {
    try {
      Augmenter(options, shape);
    } catch (const fovea::Error& error) {
      return error.what();
    }
    return "";
  };
  const Shape ok{1, 28, 28};
  CHECK(message({.rotation = 200}, ok) ==
        "augmentation: rotation must be between 0 and 180, not 200");
  CHECK(message({.shift = -1}, ok) != "");
  CHECK(message({.scale = 0.6}, ok) != "");
  CHECK(message({.shear = 46}, ok) != "");
  CHECK(message({.elastic = NAN}, ok) != "");
  CHECK(message({.erase = 1.5}, ok) != "");
  CHECK(message({}, {28, 28}) != "");
  CHECK(message({}, {1, 0, 28}) != "");
  CHECK(message({}, {1, 28, 2000}).find("[1, 28, 2000]") != std::string::npos);
  // The extremes that are allowed stay within bounds.
  const Augmentation most{
      .shift = 1024, .rotation = 180, .scale = 0.5, .shear = 45, .elastic = 100};
  for (std::uint64_t seed = 0; seed < 20; ++seed)
    CHECK(augment(most, {1, 2, 1024}, Pixels(2048, 1), Random(seed)).size() == 2048);
}
