// What is around a digit is not ink: the same digit is found as on a clean page.
#include <cstdlib>
#include <functional>

#include "data/digits/prepare_digit.h"
#include "data/synthetic.h"
#include "tests/catch.h"

using namespace fovea;

namespace {

constexpr int side = 300;

std::uint8_t& at(Image& image, int x, int y) {
  return image.pixels[static_cast<std::size_t>(y * image.width + x)];
}

void fill(Image& image, int left, int top, int right, int bottom, int level) {
  for (int y = top; y < bottom; ++y)
    for (int x = left; x < right; ++x) at(image, x, y) = static_cast<std::uint8_t>(level);
}

// Digits, dark on light, side by side.
Image page(int index, int count = 1, int shift = 0) {
  static const DataSplit drawn = synthetic_digits({.train = 32, .test = 1});
  Image out{side, side, 1, std::vector<std::uint8_t>(side * side, 245)};
  const int size = count == 1 ? 160 : 90;
  for (int n = 0; n < count; ++n) {
    const auto pixels = drawn.train.image((index + n) % 32);
    const Image digit = resize({28, 28, 1, {pixels.begin(), pixels.end()}}, size, size);
    for (int y = 0; y < size; ++y)
      for (int x = 0; x < size; ++x) {
        const int to = 40 + n * 100 + x + shift;
        if (to < 0 || to >= side) continue;
        at(out, to, 70 + y) = static_cast<std::uint8_t>(
            245 - digit.pixels[static_cast<std::size_t>(y * size + x)] * 215 / 255);
      }
  }
  return out;
}

Image framed(Image image, int width, int level) {
  fill(image, 0, 0, side, width, level), fill(image, 0, side - width, side, side, level);
  fill(image, 0, 0, width, side, level), fill(image, side - width, 0, side, side, level);
  return image;
}

Image on_desk(const Image& sheet, int level) {
  Image out{side + 80, side + 80, 1, {}};
  out.pixels.resize(static_cast<std::size_t>(out.width * out.height));
  fill(out, 0, 0, out.width, out.height, level);
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x)
      at(out, 40 + x, 40 + y) = sheet.pixels[static_cast<std::size_t>(y * side + x)];
  return out;
}

Image scanned(Image image, int sides) {
  if (sides > 0) fill(image, 0, 0, 9, side, 25);
  if (sides > 1) fill(image, 0, 0, side, 14, 30);
  if (sides > 2) fill(image, side - 7, 0, side, side, 20);
  return image;
}

double difference(const Image& a, const Image& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) sum += std::abs(a.pixels[i] - b.pixels[i]);
  return sum / static_cast<double>(a.pixels.size());
}

}  // namespace

TEST_CASE("frames, scan edges and desks leave the digit as it was", "[prepare][scenes]") {
  const std::pair<const char*, std::function<Image(const Image&)>> kinds[] = {
      {"a frame of one pixel", [](const Image& p) { return framed(p, 1, 0); }},
      {"a thick frame", [](const Image& p) { return framed(p, 12, 40); }},
      {"a grey desk", [](const Image& p) { return on_desk(p, 140); }},
      {"a dark desk", [](const Image& p) { return on_desk(p, 35); }},
      {"a scan's dark edge", [](const Image& p) { return scanned(p, 1); }},
      {"two dark edges", [](const Image& p) { return scanned(p, 2); }},
      {"three dark edges", [](const Image& p) { return scanned(p, 3); }}};
  for (const auto& [name, scene] : kinds) {
    int same = 0;
    for (int i = 0; i < 32; ++i)
      // A box smaller by a pixel moves strokes by up to one; other digits differ by 36 in the mean.
      same += difference(prepare_digit(scene(page(i))).image, prepare_digit(page(i)).image) < 20;
    INFO(name << ": " << same << " of 32");
    CHECK(same >= 31);
  }
}

TEST_CASE("a picture of no digit, of several, or of half a digit is doubted", "[prepare][scenes]") {
  CHECK(prepare_digit(page(0)).doubt.empty());
  const Image white{side, side, 1, std::vector<std::uint8_t>(side * side, 255)};
  CHECK(prepare_digit(white).doubt.find("no ink") != std::string::npos);
  CHECK(prepare_digit(page(0, 2)).doubt.find("several") != std::string::npos);
  CHECK(prepare_digit(page(3, 1, -110)).doubt.find("cut off") != std::string::npos);
}
