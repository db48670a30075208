// Sweeps: every value does what it says.
#include <algorithm>
#include <cmath>

#include "data/sweep.h"
#include "tests/catch.h"
#include "tests/digits.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

// A white square of 4 x 4 pixels whose middle is 8 to the right and 3 below that of 28 x 28.
Dataset marked() {
  Dataset data = digits().test;
  data.pixels.assign(2 * 784, 0);
  data.labels = {1, 2};
  for (int image = 0; image < 2; ++image)
    for (int i = 15; i < 19; ++i)
      for (int j = 20; j < 24; ++j)
        data.pixels[static_cast<std::size_t>(image * 784 + i * 28 + j)] = 255;
  return data;
}

struct Place {
  double x = 0, y = 0, amount = 0;
};
Place place_of(const Dataset& data, int index) {
  Place p;
  const int height = data.image_shape[1], width = data.image_shape[2];
  for (int i = 0; i < height; ++i)
    for (int j = 0; j < width; ++j) {
      const double value = data.image(index)[static_cast<std::size_t>(i * width + j)] / 255.0;
      p.amount += value;
      p.x += value * (j - (width - 1) / 2.0), p.y += value * (i - (height - 1) / 2.0);
    }
  p.x /= p.amount, p.y /= p.amount;
  return p;
}

const Sweep& sweep(const std::string& name) {
  for (const Sweep& s : sweeps())
    if (s.name == name) return s;
  throw Error("no sweep " + name);
}

bool has(const Sweep& s, double value) {
  return std::find(s.values.begin(), s.values.end(), value) != s.values.end();
}

}  // namespace

TEST_CASE("sweeps turn, scale and move, and change nothing at the neutral value", "[sweep]") {
  const Dataset base = marked();
  const std::pair<const char*, double> neutral[] = {{"rotation", 0}, {"scale", 1}, {"shift", 0}};
  for (const auto& [name, value] : neutral) {
    INFO(name);
    CHECK(has(sweep(name), value));
    CHECK(swept(digits().test, sweep(name), value, 28, 28).pixels == digits().test.pixels);
  }
  // A quarter clockwise: from the right to below.
  const Place turned = place_of(swept(base, sweep("rotation"), 90, 28, 28), 0);
  CHECK(turned.x == Approx(-3).margin(0.05));
  CHECK(turned.y == Approx(8).margin(0.05));
  const Place halved = place_of(swept(base, sweep("scale"), 0.5, 28, 28), 0);
  CHECK(halved.x == Approx(4).margin(0.1));
  CHECK(halved.y == Approx(1.5).margin(0.1));
  const Dataset moved = swept(base, sweep("shift"), 5, 42, 42);
  CHECK(moved.image_shape == Shape{1, 42, 42});
  const Place first = place_of(moved, 0), second = place_of(moved, 1);
  CHECK(std::hypot(first.x - 8, first.y - 3) == Approx(5).margin(0.05));
  CHECK(std::hypot(second.x - 8, second.y - 3) == Approx(5).margin(0.05));
  CHECK(std::hypot(first.x - second.x, first.y - second.y) > 0.5);  // directions differ
  CHECK(swept(base, sweep("shift"), 5, 42, 42).pixels == moved.pixels);
}
