#include "core/workers.h"
#include "data/synthetic.h"
#include "data/synthetic_volumes.h"
#include "tests/catch.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

TEST_CASE("solid digits fit their set, and depend on nothing but their number", "[volumes]") {
  const DataSplit a = synthetic_volumes({.train = 40, .test = 20, .size = 10, .seed = 4});
  CHECK(a.train.image_shape == Shape{10, 10, 10});
  CHECK(a.train.classes() == 10);
  validate(a.train), validate(a.test);
  set_threads(1);
  const DataSplit fewer = synthetic_volumes({.train = 20, .test = 20, .size = 10, .seed = 4});
  set_threads(0);
  CHECK(std::equal(fewer.train.pixels.begin(), fewer.train.pixels.end(), a.train.pixels.begin()));
  CHECK(fewer.test.pixels == a.test.pixels);
  const DataSplit other = synthetic_volumes({.train = 40, .test = 20, .size = 10, .seed = 5});
  CHECK(other.train.pixels != a.train.pixels);
}

TEST_CASE("a solid digit that is not turned is the digit in the middle slices", "[volumes]") {
  const VolumeOptions o{.train = 3, .test = 1, .size = 28, .turn = 0, .shift = 0};
  const DataSplit solid = synthetic_volumes(o), flat = synthetic_digits({.train = 3, .test = 1});
  for (int i = 0; i < 3; ++i) {
    const auto volume = solid.train.image(i), image = flat.train.image(i);
    for (std::size_t d = 0; d < 28; ++d)
      for (std::size_t k = 0; k < 784; ++k) {
        // Half of the cube's edge is 14 voxels; the body reaches 0.2 of that to both sides.
        const double from_middle = std::abs(static_cast<double>(d) - 13.5);
        if (from_middle < 2) REQUIRE(volume[d * 784 + k] == image[k]);
        if (from_middle > 4) REQUIRE(volume[d * 784 + k] == 0);
      }
  }
}

TEST_CASE("options of solid digits that make no sense are refused", "[volumes]") {
  CHECK(message_of([] { synthetic_volumes({.train = 1, .test = 1, .size = 3}); }) ==
        "volumes: the size must be 4 to 128 voxels, got 3");
  CHECK_THAT(message_of([] { synthetic_volumes({.train = 1, .test = 1, .turn = 181}); }),
             contains("0 to 180 degrees, got 181"));
  CHECK_THAT(message_of([] { synthetic_volumes({.train = 1, .test = 1, .shift = -1}); }),
             contains("0 to 1, got -1"));
  CHECK(message_of([] { synthetic_volumes({.train = 0, .test = 1}); }) != "");
}
