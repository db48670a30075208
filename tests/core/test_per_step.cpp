#include <new>
#include <stdexcept>

#include "core/per_step.h"
#include "tests/catch.h"

using namespace fovea;

namespace {

constexpr std::uint64_t leaf = ~std::uint64_t{0} - 11, kind = 1;  // of nobody else

}  // namespace

TEST_CASE("what tiles share is made once a step, and anew in the next", "[per_step]") {
  int made = 0;
  const auto fill = [&](Real* values) { values[0] = static_cast<Real>(++made); };
  for (int step = 1; step <= 3; ++step) {
    const StepScope scope;
    const InStep in(scope);
    for (int tile = 0; tile < 4; ++tile) CHECK(once_a_step(leaf, kind, 1, fill)->data()[0] == step);
  }
  CHECK(once_a_step(leaf, kind, 1, fill)->data()[0] == 4);  // outside of a step
  CHECK(once_a_step(leaf, kind, 1, fill)->data()[0] == 5);
}

TEST_CASE("what could not be made is tried by the next who asks, and nobody waits for it",
          "[per_step]") {
  const StepScope scope;
  const InStep in(scope);
  const auto fails = [](Real*) { throw std::runtime_error("no"); };
  const auto works = [](Real* values) { values[0] = 7; };
  for (int turn = 0; turn < 2; ++turn) {
    CHECK_THROWS_AS(once_a_step(leaf, kind + 1, 1, fails), std::runtime_error);
#if !defined(__SANITIZE_ADDRESS__)  // which ends the program where memory ends
    CHECK_THROWS(once_a_step(leaf, kind + 1, ~std::size_t{0} / 64, works));
#endif
  }
  CHECK(once_a_step(leaf, kind + 1, 1, works)->data()[0] == 7);
  CHECK(once_a_step(leaf, kind + 1, 1, fails)->data()[0] == 7);
}
