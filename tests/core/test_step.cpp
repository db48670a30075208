#include <atomic>
#include <limits>
#include <set>

#include "core/autograd.h"
#include "core/step.h"
#include "layers/reduce.h"
#include "tests/catch.h"
#include "tests/step_model.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

// Back to the default number of threads at the end of a test.
struct RestoreThreads {
  ~RestoreThreads() { set_threads(0); }
};

}  // namespace

TEST_CASE("loss and gradients have the same bits for any number of threads", "[step]") {
  const RestoreThreads restore;
  const StepModel model;
  for (int size : {1, 16, 77, 600}) {
    const StepData data(size);
    set_threads(1);
    const double loss = train_step(data.batch, model);
    const std::vector<Real> gradients = model.gradients();
    REQUIRE(gradients.size() == 2 + 96 + 8 + 24 + 3);
    for (int thread_count : {2, 3, 7}) {
      set_threads(thread_count);
      for (int again = 0; again < 3; ++again) {
        CHECK(train_step(data.batch, model) == loss);
        CHECK(model.gradients() == gradients);
      }
    }
  }
}

TEST_CASE("a partial last tile weighs by its samples", "[step]") {
  const StepModel model(0);  // no dropout: samples do not depend on their place
  const StepData all(21);
  const double loss = train_step(all.batch, model);
  const std::vector<Real> gradients = model.gradients();
  // The same sample by sample.
  double sum = 0;
  std::vector<double> total(gradients.size());
  for (int i = 0; i < 21; ++i) {
    Batch one = all.batch;
    one.size = 1;
    one.pixels = all.batch.pixels.subspan(static_cast<std::size_t>(i) * 12, 12);
    one.labels = all.batch.labels.subspan(static_cast<std::size_t>(i), 1);
    sum += train_step(one, model);
    const std::vector<Real> part = model.gradients();
    for (std::size_t k = 0; k < total.size(); ++k) total[k] += static_cast<double>(part[k]);
  }
  CHECK(loss == Approx(sum / 21));
  for (std::size_t k = 0; k < total.size(); ++k)
    CHECK(static_cast<double>(gradients[k]) == Approx(total[k] / 21).margin(1e-6));
}

TEST_CASE("a tile holds normalised pixels, labels and its place", "[step]") {
  const StepData data(21);
  REQUIRE(tile_count(21) == 2);
  REQUIRE(tile_count(16) == 1);
  const Tile tile = make_tile(data.batch, 1);
  CHECK(tile.index == 1);
  CHECK(tile.first == 16);
  CHECK(tile.valid == 5);
  for (int lane = 0; lane < lane_count; ++lane) {
    const int sample = 16 + std::min(lane, 4);  // the last sample fills the rest
    CHECK(tile.labels[lane] == data.labels[sample]);
    for (int i = 0; i < 12; ++i) {
      const double expected =
          (data.pixels[sample * 12 + i] / 255.0 - data.mean[i / 6]) / data.stddev[i / 6];
      CHECK(static_cast<double>(tile.images[i][lane]) == Approx(expected).margin(1e-6));
    }
  }
}

TEST_CASE("a step replaces the gradients of the step before", "[step]") {
  const StepModel model(0);
  const StepData data(40);
  train_step(data.batch, model);
  const std::vector<Real> once = model.gradients();
  train_step(data.batch, model);
  CHECK(model.gradients() == once);
}

TEST_CASE("a leaf that no sample reaches has no gradient afterwards", "[step]") {
  const StepModel model(0);
  const StepData data(40);
  train_step(data.batch, model);
  CHECK(model.w2.grad());
  train_step(data.batch, [&](const Tile& tile) {
    return cross_entropy(matmul(model.w1, flatten(tile.images)), Labels());
  });
  CHECK(model.w1.grad());
  CHECK(!model.w2.grad());
}

TEST_CASE("an exception in a tile comes out of the step and leaves gradients alone", "[step]") {
  const RestoreThreads restore;
  const StepModel model;
  const StepData data(100);
  for (int thread_count : {1, 3}) {
    set_threads(thread_count);
    train_step(data.batch, model);
    const std::vector<Real> before = model.gradients();
    const std::string message = message_of([&] {
      train_step(data.batch, [&](const Tile& tile) {
        require(tile.index < 2, "tile ", tile.index, " is bad");
        return model(tile);
      });
    });
    CHECK(message == "tile 2 is bad");  // the first in order, whoever was faster
    CHECK(model.gradients() == before);
    train_step(data.batch, model);  // and the next step is right
    CHECK(model.gradients() == before);
  }
}

TEST_CASE("a step says what its loss must be", "[step]") {
  const StepModel model;
  const StepData data(5);
  CHECK(message_of([&] { train_step(Batch{}, model); }) == "[train_step] the batch is empty");
  CHECK(message_of([&] { train_step(data.batch, [](const Tile& t) { return t.images; }); }) ==
        "[train_step] the loss must be one value a sample (per-sample []), got per-sample "
        "[2, 3, 2]");
  CHECK(message_of([&] {
          train_step(data.batch, [](const Tile&) { return Tensor(); });
        }).find("got (no tensor)") != std::string::npos);
}

TEST_CASE("for_each_tile visits every tile once, without recording", "[step]") {
  const RestoreThreads restore;
  const StepModel model;
  const StepData data(77);
  set_threads(3);
  std::atomic<int> samples{0}, tiles{0};
  std::atomic<bool> recorded{false};
  for_each_tile(data.batch, [&](const Tile& tile) {
    samples += tile.valid;
    tiles += 1 << (4 * tile.index);
    if (model(tile).requires_grad()) recorded = true;
  });
  CHECK(samples == 77);
  CHECK(tiles == 0x11111);
  CHECK(!recorded);
}

TEST_CASE("the draws of a sample depend on seed, place, draw and element only", "[step]") {
  seed_lane_random(9, 32);
  const LaneRandom first, second;
  const auto a = first.bits(5), b = second.bits(5), c = first.bits(6);
  seed_lane_random(9, 48);
  const LaneRandom later;
  const auto d = later.bits(5);
  seed_lane_random(9, 33);  // the same samples, one lane further on
  const LaneRandom moved;
  const auto e = moved.bits(5);
  seed_lane_random(10, 32);
  const LaneRandom other;
  const auto f = other.bits(5);
  std::set<std::uint32_t> distinct;
  for (const LaneBits& bits : {a, b, c, d, f})
    for (int lane = 0; lane < lane_count; ++lane) distinct.insert(bits[lane]);
  CHECK(distinct.size() == 5 * lane_count);
  for (int lane = 0; lane + 1 < lane_count; ++lane) CHECK(e[lane] == a[lane + 1]);
}

TEST_CASE("lane bits are uniform over samples and elements", "[step]") {
  seed_lane_random(11);
  const LaneRandom random;
  int ones[32] = {};
  constexpr int elements = 4000;
  for (std::uint32_t i = 0; i < elements; ++i) {
    const LaneBits bits = random.bits(i);
    for (int lane = 0; lane < lane_count; ++lane)
      for (int k = 0; k < 32; ++k) ones[k] += bits[lane] >> k & 1;
  }
  for (int count : ones) CHECK(count == Approx(elements * 8).margin(600));  // 4.7 sigma
}

TEST_CASE("the number of threads is checked", "[step]") {
  const RestoreThreads restore;
  CHECK(message_of([] { set_threads(-1); }) ==
        "threads: takes 1 to 256 (0: one for each CPU), got -1");
  CHECK(message_of([] { set_threads(1'000'000); }) ==
        "threads: takes 1 to 256 (0: one for each CPU), got 1000000");
  set_threads(0);
  CHECK(threads() == available_cpus());
  set_threads(5);
  CHECK(threads() == 5);
}

TEST_CASE("every task runs once, on however many threads", "[step]") {
  const RestoreThreads restore;
  for (int thread_count : {1, 2, 8}) {
    set_threads(thread_count);
    for (int count : {0, 1, 5, 1000}) {
      std::vector<std::atomic<int>> runs(static_cast<std::size_t>(count));
      run_tasks(count, [&](int i) { ++runs[static_cast<std::size_t>(i)]; });
      bool once = true;
      for (const auto& n : runs) once &= n == 1;
      CHECK(once);
    }
  }
}

TEST_CASE("a step lets go of the parameters of models that are gone", "[step]") {
  const StepData many(600), few(8);
  std::weak_ptr<Node> leaf;
  {
    const StepModel gone;
    train_step(many.batch, gone);
    leaf = gone.w1.node();
  }
  const StepModel model;
  train_step(few.batch, model);
  CHECK(leaf.expired());
  const std::vector<Real> gradients = model.gradients();
  train_step(few.batch, model);
  CHECK(model.gradients() == gradients);
  CHECK(gradients.size() == 2 + 96 + 8 + 24 + 3);
}

TEST_CASE("tasks flush denormals to zero and leave their thread as it was", "[step]") {
  const RestoreThreads restore;
  volatile Real smallest = std::numeric_limits<Real>::min();
  for (int thread_count : {1, 2}) {
    set_threads(thread_count);
    std::vector<Real> results(64), operands(64);
    const Real denormal = smallest / 2;
    run_tasks(64, [&](int i) {
      results[i] = smallest / 2;
      volatile Real operand = denormal;
      operands[i] = operand * 4;
    });
    CHECK(results == std::vector<Real>(64));
    CHECK(operands == std::vector<Real>(64));
    CHECK(smallest / 2 > 0);
  }
}

TEST_CASE("a batch whose views are too short is refused", "[step]") {
  const StepData data(21);
  const auto message = [&](auto change) {
    Batch batch = data.batch;
    change(batch);
    return message_of([&] { for_each_tile(batch, [](const Tile&) {}); });
  };
  const std::string start = "[tile] a batch of 21 images of shape [2, 3, 2] has ";
  CHECK(message([](Batch&) {}) == "");
  CHECK(message([](Batch& b) { b.labels = {}, b.mean = {}, b.stddev = {}; }) == "");
  CHECK(message([](Batch& b) { b.pixels = b.pixels.first(251); }) == start + "251 pixels, not 252");
  CHECK(message([](Batch& b) { b.pixels = {}; }) == start + "0 pixels, not 252");
  CHECK(message([](Batch& b) { b.labels = b.labels.first(20); }) == start + "20 labels, not 21");
  CHECK(message([](Batch& b) { b.mean = b.mean.first(1); }) == start + "1 means, not 2");
  CHECK(message([](Batch& b) { b.stddev = b.stddev.first(1); }) ==
        start + "1 standard deviations, not 2");
  CHECK(message([](Batch& b) { b.image_shape = {}; }) == "[tile] images of shape []");
  CHECK(message([](Batch& b) { b.image_shape = {0, 3, 2}; }) == "[tile] images of shape [0, 3, 2]");
  CHECK(message_of([&] { make_tile(data.batch, 2); }) ==
        "[tile] a batch of 21 images has no tile 2");
  CHECK(message_of([&] { make_tile(data.batch, -1); }) ==
        "[tile] a batch of 21 images has no tile -1");
}

// A batch is kept longer than the expression that makes it.
using Bytes = std::vector<std::uint8_t>;
using Pixels = decltype(Batch::pixels);
static_assert(std::is_assignable_v<Pixels&, Bytes&> && std::is_constructible_v<Pixels, Bytes&>);
static_assert(std::is_assignable_v<Pixels&, const Bytes&>);
static_assert(std::is_assignable_v<Pixels&, std::span<std::uint8_t>>);
static_assert(std::is_assignable_v<Pixels&, std::span<const std::uint8_t>>);
static_assert(!std::is_assignable_v<Pixels&, Bytes> && !std::is_constructible_v<Pixels, Bytes>);
static_assert(!std::is_assignable_v<Pixels&, const Bytes>);
// So is one that is assigned; as a parameter, which FunctionRef is for, a temporary lives.
static_assert(!std::is_copy_assignable_v<FunctionRef<void()>>);
