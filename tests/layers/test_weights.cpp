// Weights in a file: what save_weights() wrote, load_weights() brings back.
#include <algorithm>

#include "layers/linear.h"
#include "layers/weights.h"
#include "tests/catch.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

TEST_CASE("weights go to a file and come back", "[weights]") {
  const TempDir dir;
  Random first(1), second(2);
  const Linear saved({.in = 3, .out = 2}, first), loaded({.in = 3, .out = 2}, second);
  save_weights(dir.file("linear.safetensors"), saved);
  CHECK_FALSE(loaded.parameters()[0].data()[0] == saved.parameters()[0].data()[0]);
  load_weights(dir.file("linear.safetensors"), loaded);
  for (std::size_t k = 0; k < 2; ++k)
    CHECK(std::ranges::equal(loaded.parameters()[k].values(), saved.parameters()[k].values()));
}

TEST_CASE("weights that do not fit change nothing and are named", "[weights]") {
  const TempDir dir;
  Random rng(1);
  save_weights(dir.file("linear.safetensors"), Linear({.in = 3, .out = 2}, rng));
  const Linear wider({.in = 3, .out = 4}, rng);
  const Real before = wider.parameters()[0].data()[0];
  CHECK_THAT(message_of([&] { load_weights(dir.file("linear.safetensors"), wider); }),
             contains("linear.safetensors") && contains("weight") && contains("[2, 3]"));
  CHECK(wider.parameters()[0].data()[0] == before);
}
