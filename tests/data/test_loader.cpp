// Batches: complete, reproducible, resumable; and a thread that always lets go.
#include <algorithm>
#include <chrono>
#include <numeric>
#include <set>
#include <thread>

#include "core/error.h"
#include "core/random.h"
#include "data/loader.h"
#include "tests/catch.h"
#include "tests/temp_dir.h"

namespace {

using namespace fovea::testing;
using fovea::Augmentation;
using fovea::Batch;
using fovea::Dataset;
using fovea::Loader;
using fovea::LoaderOptions;
using fovea::mix;
using fovea::Random;
using fovea::Shape;

// Image i holds i in its first two bytes and a gradient in the others; its label is i % 10.
Dataset numbered(int count) {
  Dataset data;
  data.name = "numbered";
  data.image_shape = Shape{2, 4, 4};
  for (int i = 0; i < count; ++i) {
    data.labels.push_back(i % 10);
    for (int k = 0; k < 32; ++k)
      data.pixels.push_back(static_cast<std::uint8_t>(k == 0 ? i : k == 1 ? i / 256 : i + 8 * k));
  }
  for (int i = 0; i < 10; ++i) data.class_names.push_back(std::to_string(i));
  data.mean = {0.25f, 0.5f};
  data.stddev = {0.125f, 2.0f};
  return data;
}

// A batch copied out of the loader's memory.
struct Copy {
  int size;
  std::vector<std::uint8_t> pixels;
  std::vector<std::int32_t> labels;
  std::uint64_t seed;
  bool operator==(const Copy&) const = default;
};

Copy copy(const Batch& batch) {
  return {batch.size,
          {batch.pixels.begin(), batch.pixels.end()},
          {batch.labels.begin(), batch.labels.end()},
          batch.seed};
}

std::vector<Copy> rest_of_epoch(Loader& loader) {
  std::vector<Copy> batches;
  while (const Batch* batch = loader.next()) batches.push_back(copy(*batch));
  return batches;
}

int number_of(const std::uint8_t* image) {
  return image[0] + 256 * image[1];
}

std::vector<int> numbers(const std::vector<Copy>& batches) {
  std::vector<int> result;
  for (const Copy& batch : batches)
    for (int i = 0; i < batch.size; ++i) result.push_back(number_of(batch.pixels.data() + i * 32));
  return result;
}

}  // namespace

// A loader keeps a reference to its data set, so a temporary one must not compile.
static_assert(std::is_constructible_v<Loader, Dataset&, LoaderOptions>);
static_assert(std::is_constructible_v<Loader, const Dataset&, LoaderOptions>);
static_assert(!std::is_constructible_v<Loader, Dataset, LoaderOptions>);
static_assert(!std::is_constructible_v<Loader, const Dataset, LoaderOptions>);
// Nor may what points into a temporary be taken out of it.
template <class T>
concept has_next = requires(T&& t) {
  std::forward<T>(t).next();
};
template <class T>
concept has_begin = requires(T&& t) {
  std::forward<T>(t).begin();
};
template <class T>
concept has_image = requires(T&& t) {
  std::forward<T>(t).image(0);
};
static_assert(has_next<Loader&> && !has_next<Loader>);
static_assert(has_begin<Loader&> && !has_begin<Loader>);
static_assert(has_image<Dataset&> && !has_image<Dataset>);

TEST_CASE("loader: every sample exactly once, for any batch size", "[loader]") {
  const Dataset data = numbered(501);
  const int batch = GENERATE(1, 2, 16, 64, 100, 500, 501, 502, 2147483647);
  const int prefetch = GENERATE(1, 2, 3, 8, 1000);
  Loader loader(data, {.batch = batch, .seed = 5, .prefetch = prefetch});
  CHECK(loader.batches() == (501 + std::int64_t{batch} - 1) / batch);
  std::set<int> seen;
  int batches = 0;
  for (const Batch& b : loader) {
    ++batches;
    REQUIRE(b.size == std::min(batch, 501 - (batches - 1) * std::min(batch, 501)));
    REQUIRE(b.image_shape == Shape{2, 4, 4});
    REQUIRE(b.pixels.size() == static_cast<std::size_t>(b.size) * 32);
    REQUIRE(b.labels.size() == static_cast<std::size_t>(b.size));
    REQUIRE((b.mean[1] == 0.5f && b.stddev[0] == 0.125f));
    for (int i = 0; i < b.size; ++i) {
      const int number = number_of(b.pixels.data() + i * 32);
      REQUIRE(b.labels[i] == number % 10);
      REQUIRE(std::ranges::equal(b.pixels.subspan(i * 32, 32), data.image(number)));
      seen.insert(number);
    }
  }
  CHECK(batches == loader.batches());
  CHECK(seen.size() == 501);
  CHECK(loader.next() == nullptr);
  CHECK(loader.next() == nullptr);
}

TEST_CASE("loader: the order is a Fisher-Yates shuffle of (seed, epoch)", "[loader]") {
  const Dataset data = numbered(300);
  Loader loader(data, {.batch = 7, .seed = 42});
  std::vector<std::vector<int>> orders;
  for (int epoch : {0, 1, 2}) {
    loader.set_epoch(epoch);
    std::vector<int> expected(300);
    std::iota(expected.begin(), expected.end(), 0);
    Random(mix(42, epoch)).shuffle(std::span(expected));
    orders.push_back(numbers(rest_of_epoch(loader)));
    CHECK(orders.back() == expected);
  }
  CHECK(orders[0] != orders[1]);
  CHECK(orders[1] != orders[2]);
  Loader other(data, {.batch = 7, .seed = 43});
  CHECK(numbers(rest_of_epoch(other)) != orders[0]);
}

TEST_CASE("loader: without shuffling, the order of the data set", "[loader]") {
  const Dataset data = numbered(20);
  Loader loader(data, {.batch = 6, .shuffle = false});
  std::vector<int> expected(20);
  std::iota(expected.begin(), expected.end(), 0);
  CHECK(numbers(rest_of_epoch(loader)) == expected);
}

TEST_CASE("loader: begin() goes on where the epoch is, or to the next", "[loader]") {
  const Dataset data = numbered(64);
  Loader loader(data, {.batch = 8}), reference(data, {.batch = 8});
  const std::vector<Copy> first = rest_of_epoch(reference);
  std::vector<Copy> seen;
  for (const Batch& batch : loader) {
    seen.push_back(copy(batch));
    if (seen.size() == 3) break;
  }
  for (const Batch& batch : loader) seen.push_back(copy(batch));
  CHECK(seen == first);
  CHECK(loader.epoch() == 0);
  std::vector<Copy> second;
  for (const Batch& batch : loader) second.push_back(copy(batch));
  CHECK(loader.epoch() == 1);
  reference.set_epoch(1);
  CHECK(second == rest_of_epoch(reference));
}

TEST_CASE("loader: resuming in mid-epoch equals an uninterrupted run", "[loader]") {
  const Dataset data = numbered(333);
  const LoaderOptions options = {
      .batch = 10, .seed = 9, .augmentation = {.shift = 1, .rotation = 10, .flip = true}};
  Loader whole(data, options);
  whole.set_epoch(3);
  const std::vector<Copy> expected = rest_of_epoch(whole);
  REQUIRE(expected.size() == 34);
  for (int start = 0; start <= 34; ++start) {
    Loader resumed(data, options);
    resumed.set_epoch(3, start);
    CHECK(rest_of_epoch(resumed) == std::vector<Copy>(expected.begin() + start, expected.end()));
  }
  std::set<std::uint64_t> seeds;
  for (const Copy& batch : expected) seeds.insert(batch.seed);
  CHECK(seeds.size() == 34);
}

TEST_CASE("loader: augmentation depends on (seed, epoch, sample) alone", "[loader]") {
  const Dataset data = numbered(50);
  const Augmentation augmentation = {.shift = 1.5, .rotation = 20, .scale = 0.1};
  Loader loader(data, {.batch = 16, .seed = 4, .augmentation = augmentation, .prefetch = 3});
  fovea::Augmenter augmenter(augmentation, data.image_shape);
  std::vector<int> order(50);
  std::iota(order.begin(), order.end(), 0);
  Random(mix(4, 2)).shuffle(std::span(order));
  loader.set_epoch(2);
  std::size_t position = 0;
  for (const Batch& batch : loader) {
    for (int i = 0; i < batch.size; ++i, ++position) {
      const int sample = order[position];
      std::vector<std::uint8_t> expected(32);
      augmenter(data.image(sample).data(), expected.data(), Random(mix(mix(4, 2), sample)));
      CHECK(std::ranges::equal(batch.pixels.subspan(i * 32, 32), expected));
    }
  }
  CHECK(position == 50);
}

TEST_CASE("loader: a batch stays valid while the next ones are prepared", "[loader]") {
  const Dataset data = numbered(200);
  Loader loader(data, {.batch = 4, .prefetch = 4});
  for (int i = 0; i < 10; ++i) {
    const Batch* batch = loader.next();
    const Copy before = copy(*batch);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    CHECK(copy(*batch) == before);
  }
}

TEST_CASE("loader: stops cleanly and restarts at any moment", "[loader]") {
  const Dataset data = numbered(400);
  Loader reference(data, {.batch = 8, .seed = 2});
  const std::vector<Copy> expected = rest_of_epoch(reference);
  for (int taken = 0; taken < 60; ++taken) {
    Loader loader(data, {.batch = 8, .seed = 2, .prefetch = 1 + taken % 9});
    for (int i = 0; i < taken && loader.next() != nullptr; ++i) {
    }
    if (taken % 3 == 0) continue;  // destroyed here, mid-epoch
    loader.set_epoch(7, taken % 50);
    if (taken % 3 == 1) loader.next();
    loader.set_epoch(0, taken % 5);
    CHECK(rest_of_epoch(loader) == std::vector<Copy>(expected.begin() + taken % 5, expected.end()));
  }
  const auto interrupted = [&] {
    Loader loader(data, {.batch = 8});
    for (const Batch& batch : loader)
      if (batch.size > 0) throw std::runtime_error("stop");
  };
  CHECK(message_of(interrupted) == "stop");
}

TEST_CASE("loader: bad options", "[loader]") {
  Dataset data = numbered(30);
  const auto error = [&](const LoaderOptions& options) {
    return message_of([&] { Loader loader(data, options); });
  };
  CHECK_THAT(error({.batch = 0}), contains("loader: batch size 0, expected at least 1"));
  CHECK_THAT(error({.batch = -5}), contains("batch size -5"));
  CHECK_THAT(error({.prefetch = 0}), contains("prefetch of 0"));
  Loader loader(data, {.batch = 8});
  CHECK_THAT(message_of([&] { loader.set_epoch(0, 5); }),
             contains("batch 5 of an epoch that has 4"));
  CHECK_THAT(message_of([&] { loader.set_epoch(0, -1); }), contains("batch -1"));
  CHECK_THAT(message_of([&] { loader.set_epoch(-1); }), contains("epoch -1 is negative"));
  CHECK(rest_of_epoch(loader).size() == 4);
  data.labels[3] = 10;
  CHECK_THAT(error({}), contains("data set numbered: label 10 at index 3"));
}

TEST_CASE("a loop over a temporary loader keeps it", "[loader]") {
  const Dataset data = numbered(10);
  int seen = 0;
  for (const Batch& batch : Loader(data, {.batch = 4})) seen += batch.size;
  CHECK(seen == 10);
}
