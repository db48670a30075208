#include "layers/flatten.h"
#include "tests/catch.h"
#include "tests/gradcheck.h"

using namespace fovea;
using namespace fovea::testing;

TEST_CASE("flatten shares the values under another shape", "[flatten]") {
  const Tensor x = random_tensor({2, 3, 4}, Kind::per_sample);
  const Flatten module;
  CHECK(module(x).shape() == Shape{24});
  CHECK(module(x).data() == x.data());
  CHECK(flatten(Tensor::zeros({})).shape() == Shape{1});
  CHECK(module.describe() == "Flatten(start_dim=1, end_dim=-1)");
}
