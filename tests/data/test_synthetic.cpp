#include <sched.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"
#include "data/strokes.h"
#include "data/synthetic.h"
#include "tests/catch.h"

using fovea::Dataset;
using fovea::DataSplit;
using fovea::synthetic_digits;

TEST_CASE("synthetic digits are a complete data set") {
  const DataSplit split = synthetic_digits({.train = 1000, .test = 300});
  CHECK(split.train.size() == 1000);
  CHECK(split.test.size() == 300);
  CHECK(split.train.image_shape == fovea::Shape{1, 28, 28});
  CHECK(split.train.class_names.size() == 10);
  CHECK(split.train.class_names[7] == "7");
  CHECK_NOTHROW(validate(split.train));
  CHECK_NOTHROW(validate(split.test));
  CHECK(split.train.mean[0] == Approx(0.14f).margin(0.03));
  CHECK(split.train.stddev[0] == Approx(0.31f).margin(0.03));
  std::array<int, 10> counts = {};
  for (const int label : split.train.labels) ++counts[static_cast<std::size_t>(label)];
  for (const int count : counts) CHECK((count > 60 && count < 140));
}

TEST_CASE("every synthetic digit has ink, soft edges and stays in the picture") {
  const Dataset set = synthetic_digits({.train = 2000, .test = 1, .seed = 9}).train;
  double spread = 0;
  int cut = 0;
  for (int i = 0; i < set.size(); ++i) {
    double sum = 0, x = 0;
    int greys = 0, edge = 0, peak = 0;
    for (int k = 0; k < 784; ++k) {
      const int v = set.image(i)[static_cast<std::size_t>(k)];
      sum += v, x += v * (k % 28), peak = std::max(peak, v), greys += v > 0 && v < 255;
      if (k % 28 == 0 || k % 28 == 27 || k < 28 || k >= 756) edge = std::max(edge, v);
    }
    INFO("image " << i);
    REQUIRE(peak >= 220);
    REQUIRE((sum > 255 * 20 && sum < 255 * 250));
    REQUIRE(greys >= 20);
    cut += edge > 128;
    spread += std::pow(x / sum - 13.5, 2) / set.size();
  }
  CHECK(cut < 40);
  CHECK(std::sqrt(spread) > 0.8);  // off the centre, for a spatial transformer to notice
}

TEST_CASE("a synthetic digit depends on seed, set and index alone") {
  const DataSplit large = synthetic_digits({.train = 700, .test = 600, .seed = 4});
  const DataSplit small = synthetic_digits({.train = 300, .test = 20, .seed = 4});
  const DataSplit other = synthetic_digits({.train = 300, .test = 20, .seed = 5});
  CHECK(
      std::equal(small.train.pixels.begin(), small.train.pixels.end(), large.train.pixels.begin()));
  CHECK(
      std::equal(small.train.labels.begin(), small.train.labels.end(), large.train.labels.begin()));
  CHECK(std::equal(small.test.pixels.begin(), small.test.pixels.end(), large.test.pixels.begin()));
  CHECK(small.train.pixels != other.train.pixels);
  CHECK_FALSE(
      std::equal(small.test.pixels.begin(), small.test.pixels.end(), small.train.pixels.begin()));
}

TEST_CASE("synthetic digits are the same on one core and on all") {
  cpu_set_t all, one;
  REQUIRE(sched_getaffinity(0, sizeof all, &all) == 0);
  CPU_ZERO(&one);
  for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu)
    if (CPU_ISSET(cpu, &all)) CPU_SET(cpu, &one);
  const DataSplit many = synthetic_digits({.train = 2000, .test = 300});
  REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);
  const DataSplit single = synthetic_digits({.train = 2000, .test = 300});
  sched_setaffinity(0, sizeof all, &all);
  CHECK(many.train.pixels == single.train.pixels);
  CHECK(many.train.labels == single.train.labels);
  CHECK(many.test.pixels == single.test.pixels);
}

TEST_CASE("synthetic digits can be told apart, but not trivially") {
  // The nearest of 2000 examples by squared distance: far above chance, far from perfect.
  const DataSplit split = synthetic_digits({.train = 2000, .test = 150});
  int right = 0;
  for (int i = 0; i < split.test.size(); ++i) {
    int best = 1 << 30, label = -1;
    for (int k = 0; k < split.train.size(); ++k) {
      const auto a = split.test.image(i), b = split.train.image(k);
      int distance = 0;
      for (std::size_t j = 0; j < 784; ++j) distance += (a[j] - b[j]) * (a[j] - b[j]);
      if (distance < best) best = distance, label = split.train.labels[static_cast<std::size_t>(k)];
    }
    right += label == split.test.labels[static_cast<std::size_t>(i)];
  }
  INFO(right << " of " << split.test.size());
  CHECK(right > 105);
  CHECK(right < 150);
}

TEST_CASE("bad counts and digits are refused") {
  CHECK_THROWS_AS(synthetic_digits({.train = 0}), fovea::Error);
  CHECK_THROWS_AS(synthetic_digits({.test = -1}), fovea::Error);
  CHECK_THROWS_AS(synthetic_digits({.train = 2'000'000}), fovea::Error);
  CHECK_THROWS_AS(fovea::digit_styles(10), fovea::Error);
  for (int digit = 0; digit < 10; ++digit)
    for (const fovea::DigitStyle& style : fovea::digit_styles(digit))
      for (const fovea::Stroke& stroke : style) CHECK(stroke.size() >= 2);
}
