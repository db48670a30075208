// What is left out because it is blank is blank.
#include <algorithm>

#include "data/distort_maps.h"
#include "data/resample.h"
#include "tests/digits.h"
#include "tests/temp_dir.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

constexpr int side = 42;
const Shape in = {1, 28, 28};

using Bytes = std::vector<std::uint8_t>;

// With and without looking at the image first; how many columns the locator left out.
template <class Locate>
int check_same(const std::uint8_t* image, const Locate& locate) {
  Resampler resampler(in, side, side);
  Bytes all(side * side), looked(side * side, 7);
  locate(resampler);
  resampler(image, all.data());
  resampler.look_at(image);
  locate(resampler);
  int left_out = 0;
  for (int i = 0; i < side; ++i)
    left_out += resampler.stride() - (resampler.last(i) - resampler.first(i));
  resampler(image, looked.data());
  CHECK(all == looked);
  // The next image is located everywhere again.
  locate(resampler);
  resampler(image, looked.data());
  CHECK(all == looked);
  return left_out;
}

}  // namespace

TEST_CASE("a resampler that has looked at an image gives the same bytes", "[resample]") {
  Random random(3);
  int left_out = 0, images = 0;
  const SplineField spline(in, {1, side, side});
  for (int i = 0; i < 40; ++i, images += 3) {
    const std::uint8_t* image = digits().test.image(i).data();
    const Similarity similarity = {random.uniform(-3, 3), random.uniform(0.4, 1.6),
                                   random.uniform(-20, 20), random.uniform(-20, 20)};
    left_out += check_same(image, [&](Resampler& r) { locate_similarity(r, in, similarity); });
    Quadrangle corners;
    do {
      corners = {{{7, 7}, {35, 7}, {35, 35}, {7, 35}}};
      for (auto& [x, y] : corners) x += random.normal(0, 7), y += random.normal(0, 7);
    } while (!is_convex(corners, 2));
    left_out += check_same(image, [&](Resampler& r) { locate_quadrangle(r, in, corners); });
    SplineField::Moves moves;
    for (auto& move : moves)
      for (float& pixels : move) pixels = static_cast<float>(random.normal(0, 2.5));
    const double scale = random.uniform(0.6, 1.1);
    left_out += check_same(image, [&](Resampler& r) { spline.locate(r, moves, scale); });
  }
  CHECK(left_out > images * side * side / 3);
}

TEST_CASE("a blank image, one of full ink, and lines along the edges are resampled alike",
          "[resample]") {
  Bytes edges(784);
  for (std::size_t k = 0; k < 28; ++k) edges[k] = edges[28 * k] = edges[783 - k] = 200;
  for (const Bytes& image : {Bytes(784), Bytes(784, 255), edges})
    for (const double angle : {0.0, 0.5, 1.5707963267948966, 3.0})
      check_same(image.data(), [&](Resampler& r) {
        locate_similarity(r, in, {angle, 1.3, 2.5, -1});
      });
}

TEST_CASE("ink in any channel is sampled in all", "[resample]") {
  const Shape colour = {3, 5, 6};
  Bytes image(90);
  image[2 * 30 + 3 * 6 + 4] = 240;
  Resampler resampler(colour, 9, 9);
  Bytes all(3 * 81), looked(3 * 81);
  locate_similarity(resampler, colour, {0.3, 1, 0.5, 0.5});
  resampler(image.data(), all.data());
  resampler.look_at(image.data());
  locate_similarity(resampler, colour, {0.3, 1, 0.5, 0.5});
  resampler(image.data(), looked.data());
  CHECK(all == looked);
  CHECK(*std::max_element(all.begin(), all.end()) > 60);
}
