// Distorted digits in loaders, and images held out for validation.
#include <algorithm>
#include <set>

#include "data/distort.h"
#include "data/loader.h"
#include "tests/digits.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

using Pixels = std::vector<std::uint8_t>;

TEST_CASE("place() leaves the digit as it is in the middle of the canvas", "[distort]") {
  const Dataset& base = digits().test;
  const auto distortion = make_distortion("RTS", base);
  Pixels out(42 * 42, 9);
  distortion->place(base.image(0).data(), out.data());
  for (int i = 0; i < 28; ++i)
    CHECK(std::equal(&out[static_cast<std::size_t>((i + 7) * 42 + 7)],
                     &out[static_cast<std::size_t>((i + 7) * 42 + 35)],
                     base.image(0).data() + i * 28));
  CHECK(std::count(out.begin(), out.begin() + 7 * 42, 0) == 7 * 42);
}

TEST_CASE("a loader distorts anew each epoch, and goes on to the same bits", "[distort][loader]") {
  const Dataset& base = digits().test;
  for (const std::string& name : distortion_names()) {
    const LoaderOptions options{
        .batch = 16, .augmentation = {.shift = 2}, .distortion = name, .prefetch = 2};
    const auto epoch = [&](int number, int first) {
      Loader loader(base, options);
      loader.set_epoch(number, first);
      std::vector<Pixels> out;
      while (const Batch* batch = loader.next()) {
        CHECK(batch->image_shape == distorted(base, name).image_shape);
        CHECK(batch->mean.size() == static_cast<std::size_t>(batch->image_shape[0]));
        out.emplace_back(batch->pixels.begin(), batch->pixels.end());
        out.back().insert(out.back().end(), batch->labels.begin(), batch->labels.end());
      }
      return out;
    };
    const std::vector<Pixels> whole = epoch(1, 0), rest = epoch(1, 1);
    REQUIRE(whole.size() == 3);
    REQUIRE(rest.size() == 2);
    const bool same = rest[0] == whole[1] && rest[1] == whole[2];
    CHECK(same);
    const bool anew = epoch(2, 0) != whole;
    CHECK(anew);
  }
}

TEST_CASE("images held out for validation: seeded, of every class alike", "[dataset]") {
  DataSplit split{digits().test, digits().test};
  for (int i = 0; i < split.train.size(); ++i)  // to be told apart
    split.train.pixels[static_cast<std::size_t>(i * 784)] = static_cast<std::uint8_t>(i);
  const DataSplit whole = split;
  hold_out(split, 13, 5);
  CHECK(split.validation.size() == 13);
  CHECK(split.train.size() == 27);
  std::set<int> all;
  std::vector<int> counts(10);
  for (const Dataset* part : {&split.train, &split.validation})
    for (int i = 0; i < part->size(); ++i) {
      const int number = part->image(i)[0];
      CHECK(all.insert(number).second);
      CHECK(part->labels[static_cast<std::size_t>(i)] ==
            whole.train.labels[static_cast<std::size_t>(number)]);
    }
  CHECK(all.size() == 40);
  for (const std::int32_t label : split.validation.labels)
    ++counts[static_cast<std::size_t>(label)];
  CHECK(*std::min_element(counts.begin(), counts.end()) >= 1);
  CHECK(*std::max_element(counts.begin(), counts.end()) <= 2);
  DataSplit again = whole, other = whole, most = whole;
  hold_out(again, 13, 5), hold_out(other, 13, 6), hold_out(most, 39, 1);
  CHECK(again.validation.pixels == split.validation.pixels);
  CHECK(other.validation.pixels != split.validation.pixels);
  CHECK(most.train.size() == 1);
  CHECK_THAT(message_of([&] { hold_out(again, 27, 1); }), contains("cannot be held out of 27"));
}
