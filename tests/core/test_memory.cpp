#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "core/autograd.h"
#include "core/error.h"
#include "core/memory.h"
#include "core/step.h"
#include "core/workers.h"
#include "layers/activations.h"
#include "layers/arithmetic.h"
#include "layers/dropout.h"
#include "layers/group_norm.h"
#include "layers/losses.h"
#include "layers/matmul.h"
#include "tests/catch.h"
#include "tests/gradcheck.h"
#include "tests/step_model.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

TEST_CASE("blocks are aligned, apart and as large as asked for", "[memory]") {
  std::vector<std::pair<char*, std::size_t>> blocks;
  std::size_t bytes = 0;
  for (int i = 0; i < 200; ++i, bytes += bytes / 8 + 1) {
    auto* block = static_cast<char*>(cache_allocate(bytes));
    CHECK(reinterpret_cast<std::uintptr_t>(block) % 64 == 0);
    std::memset(block, i, bytes);
    blocks.emplace_back(block, bytes);
    if (bytes > 1'000'000) break;
  }
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const auto [block, size] = blocks[i];
    bool kept = true;
    for (std::size_t b = 0; b < size; ++b) kept &= block[b] == static_cast<char>(i);
    CHECK(kept);
    cache_release(block, size);
  }
}

TEST_CASE("a Buffer moves and does not copy", "[memory]") {
  Buffer<int> a(10);
  a[3] = 7;
  int* data = a.data();
  Buffer<int> b = std::move(a);
  CHECK(b.data() == data);
  CHECK(b[3] == 7);
  CHECK(a.data() == nullptr);
  a = std::move(b);
  CHECK(a.data() == data);
  CHECK(a.size() == 10);
}

// AddressSanitizer has no cache, and stops at huge requests.
#if !defined(__SANITIZE_ADDRESS__)

TEST_CASE("memory that the system does not have is an Error", "[memory]") {
  CHECK(message_of([] { cache_allocate(std::size_t{1} << 60); }) ==
        "out of memory: 1152921504606846976 bytes more were needed");
  CHECK_THROWS_AS(cache_allocate(std::size_t{1} << 60), OutOfMemory);
}

TEST_CASE("a released block serves the next request of its size", "[memory]") {
  void* a = cache_allocate(1000);
  cache_release(a, 1000);
  const long before = system_allocations();
  void* b = cache_allocate(1000);
  CHECK(a == b);
  cache_release(b, 1000);
  CHECK(system_allocations() == before);
}

TEST_CASE("a training step allocates nothing from the system once it has run", "[memory]") {
  const StepModel model;
  for (int thread_count : {1, 2}) {
    set_threads(thread_count);
    const StepData data(70);
    // Which worker takes which tile is chance: one may fill its cache as late as in the second
    // loop, some 70 blocks; a step that allocated would take thousands.
    for (int i = 0; i < 50; ++i) train_step(data.batch, model.loss());
    const long before = system_allocations();
    for (int i = 0; i < 20; ++i) train_step(data.batch, model.loss());
    CHECK(system_allocations() - before <= (thread_count == 1 ? 0 : 200));
  }
  set_threads(0);
}

#endif
