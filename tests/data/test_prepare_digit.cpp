#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/random.h"
#include "data/digits/prepare_digit.h"
#include "data/synthetic.h"
#include "tests/catch.h"

namespace {

using Catch::Matchers::StartsWith;
using fovea::Image;
using fovea::prepare_digit;
using fovea::PreparedDigit;
using fovea::testing::contains;

Image grey(int width, int height, int value) {
  return {width, height, 1,
          std::vector<std::uint8_t>(std::size_t(width) * height, static_cast<std::uint8_t>(value))};
}

void fill(Image& image, int x, int y, int width, int height, int value) {
  for (int j = y; j < y + height; ++j)
    std::fill_n(&image.pixels[std::size_t(j) * image.width + x], width,
                static_cast<std::uint8_t>(value));
}

// A lopsided L of bars `w` thick, 120 x 160 pixels, with its corner at (x, y).
Image draw_l(int ground, int ink, int x, int y, int w = 16) {
  Image image = grey(300, 260, ground);
  fill(image, x, y, w, 160, ink);
  fill(image, x, y + 160 - w, 120, w, ink);
  return image;
}

struct Measure {
  double x = 0, y = 0, sum = 0;
  int width = 0, height = 0;
};

Measure measure(const Image& image) {
  Measure m;
  int left = 99, right = -1, top = 99, bottom = -1;
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x) {
      const int v = image.pixels[std::size_t(y * image.width + x)];
      m.sum += v, m.x += v * x, m.y += v * y;
      if (v == 0) continue;
      left = std::min(left, x), right = std::max(right, x);
      top = std::min(top, y), bottom = std::max(bottom, y);
    }
  m.x /= m.sum, m.y /= m.sum;
  m.width = right - left + 1, m.height = bottom - top + 1;
  return m;
}

double difference(const Image& a, const Image& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) sum += std::abs(a.pixels[i] - b.pixels[i]);
  return sum / static_cast<double>(a.pixels.size());
}

// The same, where one of them may lie a pixel off: noise can tip the rounding of the centre.
double difference_nearby(const Image& a, const Image& b) {
  double least = 255;
  for (int dy = -1; dy <= 1; ++dy)
    for (int dx = -1; dx <= 1; ++dx) {
      Image moved = grey(28, 28, 0);
      for (int y = 1; y < 27; ++y)
        for (int x = 1; x < 27; ++x)
          moved.pixels[std::size_t((y + dy) * 28 + x + dx)] = b.pixels[std::size_t(y * 28 + x)];
      least = std::min(least, difference(a, moved));
    }
  return least;
}

// A photo of a 28 x 28 digit: dark ink on shaded, noisy paper.
Image photo_of(std::span<const std::uint8_t> digit, std::uint64_t seed) {
  const Image ink = fovea::resize({28, 28, 1, {digit.begin(), digit.end()}}, 280, 280);
  fovea::Random random(seed);
  Image photo = grey(480, 400, 0);
  for (int y = 0; y < 400; ++y)
    for (int x = 0; x < 480; ++x) {
      const bool inside = x >= 90 && x < 370 && y >= 60 && y < 340;
      const double a = inside ? ink.pixels[std::size_t((y - 60) * 280 + x - 90)] / 255.0 : 0;
      const double paper = 130 + 90.0 * x / 480 - 40.0 * y / 400;
      photo.pixels[std::size_t(y * 480 + x)] =
          static_cast<std::uint8_t>(paper * (1 - 0.6 * a) + random.normal(0, 5));
    }
  return photo;
}

}  // namespace

TEST_CASE("prepare_digit crops, scales to 20 pixels and centres by mass") {
  const PreparedDigit d = prepare_digit(draw_l(0, 255, 30, 70));
  CHECK((d.image.width == 28 && d.image.height == 28 && d.image.channels == 1));
  CHECK_FALSE(d.blank);
  const Measure m = measure(d.image);
  CHECK((m.width == 15 && m.height == 20));
  CHECK(std::abs(m.x - 14) <= 0.5);
  CHECK(std::abs(m.y - 14) <= 0.5);
  CHECK(*std::max_element(d.image.pixels.begin(), d.image.pixels.end()) == 255);
  CHECK_THAT(d.notes, contains("cropped to 120x160 at (30, 70); scaled to 15x20; centred by mass"));
  CHECK_THAT(d.notes, !contains("inverted"));
}

TEST_CASE("prepare_digit inverts dark ink on a light ground, as the border tells") {
  const PreparedDigit light = prepare_digit(draw_l(0, 255, 30, 70));
  const PreparedDigit dark = prepare_digit(draw_l(255, 0, 120, 20));
  CHECK_THAT(dark.notes,
             StartsWith("inverted (light background); cropped to 120x160 at (120, 20)"));
  CHECK(difference(light.image, dark.image) < 1);
  // Thick ink that covers most of the picture does not change what the ground is.
  Image thick = grey(100, 100, 240);
  fill(thick, 8, 8, 84, 84, 20);
  CHECK_THAT(prepare_digit(thick).notes, contains("inverted"));
}

TEST_CASE("prepare_digit takes colour, faint contrast, transparency") {
  Image blue{60, 60, 3, {}};
  for (int i = 0; i < 3600; ++i) {
    const bool ink = i % 60 >= 25 && i % 60 < 31 && i >= 600 && i < 3000;
    blue.pixels.insert(blue.pixels.end(),
                       {std::uint8_t(ink ? 30 : 220), std::uint8_t(ink ? 40 : 215),
                        std::uint8_t(ink ? 160 : 200)});
  }
  const PreparedDigit pen = prepare_digit(blue);
  CHECK_THAT(pen.notes, StartsWith("grey from RGB; inverted (light background); cropped to 6x40"));
  CHECK(measure(pen.image).height == 20);
  CHECK(difference(prepare_digit(draw_l(140, 90, 30, 70)).image,
                   prepare_digit(draw_l(255, 0, 30, 70)).image) < 3);
  // White strokes on nothing, as drawing programs export them.
  const Image l = draw_l(0, 255, 30, 70);
  Image clear{l.width, l.height, 2, {}};
  for (const std::uint8_t v : l.pixels) clear.pixels.insert(clear.pixels.end(), {255, v});
  const PreparedDigit alpha = prepare_digit(clear);
  CHECK_THAT(alpha.notes, StartsWith("grey from alpha"));
  CHECK(difference(alpha.image, prepare_digit(l).image) == 0);
}

TEST_CASE("prepare_digit leaves MNIST-like images alone") {
  Image image = grey(28, 28, 0);
  fill(image, 12, 4, 4, 20, 255);
  fill(image, 11, 4, 1, 20, 90);
  const PreparedDigit d = prepare_digit(image);
  CHECK(d.image.pixels == image.pixels);
  CHECK_THAT(d.notes, contains("left as it is"));
  for (std::uint8_t& v : image.pixels) v = 255 - v;
  CHECK_THAT(prepare_digit(image).notes, contains("inverted"));
  Image corner = grey(28, 28, 0);
  fill(corner, 2, 2, 3, 7, 255);
  const Measure m = measure(prepare_digit(corner).image);
  CHECK(m.height == 20);
  CHECK(std::abs(m.y - 14) <= 0.5);
}

TEST_CASE("prepare_digit finds the digit in shaded, noisy photos") {
  const fovea::DataSplit digits = fovea::synthetic_digits({.train = 12, .test = 1, .seed = 3});
  for (int i = 0; i < digits.train.size(); ++i) {
    // What it makes of the clean digit is what it should make of the photo.
    Image clean = grey(56, 56, 0);
    for (int y = 0; y < 28; ++y)
      std::copy_n(digits.train.image(i).data() + y * 28, 28,
                  &clean.pixels[std::size_t(y + 14) * 56 + 14]);
    const PreparedDigit expected = prepare_digit(clean);
    const PreparedDigit photo = prepare_digit(photo_of(digits.train.image(i), 7));
    INFO(i << ": " << photo.notes);
    CHECK_THAT(photo.notes, StartsWith("inverted"));
    CHECK(difference_nearby(expected.image, photo.image) < 12);  // other digits: 40 to 60
    const Measure m = measure(photo.image);
    CHECK(std::abs(m.x - 14) <= 0.5);
    CHECK(std::abs(m.y - 14) <= 0.5);
    CHECK(std::max(m.width, m.height) <= 20);
  }
}

TEST_CASE("prepare_digit ignores specks and what comes in from the border") {
  Image image = draw_l(250, 10, 30, 70);
  fill(image, 220, 20, 4, 4, 0);
  fill(image, 292, 0, 8, 260, 60);
  const PreparedDigit d = prepare_digit(image);
  CHECK_THAT(d.notes, contains("ignored 2 specks; cropped to 120x160 at (30, 70)"));
}

TEST_CASE("prepare_digit brightens thin strokes and keeps the notes in original pixels") {
  Image image = grey(2000, 1500, 255);
  fill(image, 500, 200, 6, 1000, 0);
  fill(image, 500, 1194, 500, 6, 0);
  const PreparedDigit d = prepare_digit(image);
  CHECK_THAT(d.notes, contains("thin strokes brightened"));
  CHECK(*std::max_element(d.image.pixels.begin(), d.image.pixels.end()) == 255);
  CHECK_THAT(d.notes, contains("scaled to 10x20"));
}

TEST_CASE("prepare_digit reports blank pictures") {
  fovea::Random random(5);
  Image noisy = grey(200, 150, 180);
  for (std::uint8_t& v : noisy.pixels) v = static_cast<std::uint8_t>(v + random.normal(0, 6));
  for (const Image& image :
       {grey(28, 28, 0), grey(64, 48, 255), grey(1, 1, 128), grey(300, 1, 7), noisy}) {
    const PreparedDigit d = prepare_digit(image);
    CHECK(d.blank);
    CHECK(d.image.pixels == std::vector<std::uint8_t>(784, 0));
    CHECK_THAT(d.notes, contains("no ink found"));
  }
}

TEST_CASE("prepare_digit survives odd shapes and refuses inconsistent images") {
  for (const auto& [w, h] : {std::pair{1, 1}, {2, 2}, {1, 200}, {200, 1}, {3, 600}}) {
    Image image = grey(w, h, 0);
    image.pixels[image.pixels.size() / 2] = 255;
    CHECK(prepare_digit(image).image.pixels.size() == 784);
  }
  CHECK_THROWS_AS(prepare_digit(Image{5, 5, 1, {1, 2}}), fovea::Error);
}
