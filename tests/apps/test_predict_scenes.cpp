// Whatever is around or across a digit, the shipped network reads it as it reads a clean page.
#include <cstdio>
#include <filesystem>

#include "apps/mnist_stn/pictures.h"
#include "apps/networks/inspect.h"
#include "data/mnist.h"
#include "data/synthetic.h"
#include "tests/catch.h"
#include "tests/scenes.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

struct Counts {
  int right = 0, doubted = 0;
  int misled = 0;  // wrong, with p > 0.9 and no doubt
};

std::vector<Image> images_of(const Dataset& data, int count) {
  std::vector<Image> out;
  for (int i = 0; i < count; ++i)
    out.push_back({28, 28, 1, {data.image(i).begin(), data.image(i).end()}});
  return out;
}

Counts read(const Model& model, const Scene& scene, Digits digits,
            std::span<const std::int32_t> labels) {
  Random random(7);
  Counts counts;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const NetworkInput input = network_input(model, scene.make(digits, i, random));
    const Inspection seen = inspect(model, input.pixels).at(0);
    const bool right = seen.ranked[0] == labels[i];
    counts.right += right, counts.doubted += !input.doubt.empty();
    counts.misled += !right && seen.probability() > 0.9 && input.doubt.empty();
  }
  return counts;
}

void print_table(const Model& model, const char* name, const Dataset& data, int count) {
  const std::vector<Image> digits = images_of(data, count);
  std::printf("\n%d %s        right  wrong, p > 0.9, no doubt  doubted\n", count, name);
  const auto print = [&](const Scene& scene) {
    const Counts c = read(model, scene, digits, data.labels);
    std::printf("%-28s %4d %6d %16d\n", scene.name, c.right, c.misled, c.doubted);
  };
  for (const Scene& scene : scenes()) print(scene);
  std::printf("no whole digit, or several:\n");
  for (const Scene& scene : doubtful_scenes()) print(scene);
}

}  // namespace

TEST_CASE("what is around a digit does not change what is read", "[predict][scenes]") {
  const Model model = load_model(default_weights(picture_weights));
  const Dataset drawn = synthetic_digits({.train = 1, .test = 8}).test;
  const std::vector<Image> digits = images_of(drawn, 8);
  int right = 0, misled = 0;
  for (const Scene& scene : scenes()) {
    const Counts c = read(model, scene, digits, drawn.labels);
    INFO(scene.name << ": " << c.right << " of 8");
    CHECK(c.right >= 6);
    right += c.right, misled += c.misled;
  }
  const int all = 8 * static_cast<int>(scenes().size());
  INFO(right << " of " << all << ", " << misled << " wrong and sure");
  CHECK(right * 100 >= 93 * all);
  CHECK(misled * 50 <= all);
}

TEST_CASE("doubt is said of no digit, several, one cut off, and of no clean digit",
          "[predict][scenes]") {
  const Model model = load_model(default_weights(picture_weights));
  const Dataset drawn = synthetic_digits({.train = 1, .test = 60}).test;
  const std::vector<Image> digits = images_of(drawn, 60);
  for (const Scene& scene : scenes()) {
    const std::string name = scene.name;
    if (name != "a clean page" && name != "box in the same pen" &&
        name != "28x28, frame of a pixel")
      continue;
    const Counts c = read(model, scene, digits, drawn.labels);
    INFO(name << ": " << c.doubted << " of 60");
    CHECK(c.doubted <= 2);
  }
  for (const Scene& scene : doubtful_scenes()) {
    const Counts c = read(model, scene, std::span(digits).first(10), drawn.labels);
    INFO(scene.name << ": " << c.doubted << " of 10");
    CHECK(c.doubted >= 9);
  }
}

TEST_CASE("a frame around 28x28 pixels is no ink, and its inside no digit", "[predict][scenes]") {
  const Model model = load_model(default_weights(picture_weights));
  const Dataset drawn = synthetic_digits({.train = 1, .test = 40}).test;
  const std::vector<Image> digits = images_of(drawn, 40);
  const auto framed_by = [&](int width, bool light_ink, bool beyond) {
    int right = 0, doubted = 0;
    for (std::size_t i = 0; i < digits.size(); ++i) {
      const int side = beyond ? 28 + 2 * width : 28, shift = beyond ? width : 0;
      Image picture{side, side, 1, {}};
      for (int y = 0; y < side; ++y)
        for (int x = 0; x < side; ++x) {
          const int off = std::min({x, y, side - 1 - x, side - 1 - y});
          const int u = x - shift, v = y - shift;
          const int ink =
              off < width ? 255 : digits[i].pixels[static_cast<std::size_t>(v * 28 + u)];
          picture.pixels.push_back(static_cast<std::uint8_t>(light_ink ? ink : 255 - ink));
        }
      const NetworkInput input = network_input(model, picture);
      right += inspect(model, input.pixels).at(0).ranked[0] == drawn.labels[i];
      doubted += !input.doubt.empty();
    }
    INFO("frame of " << width << (light_ink ? ", light" : ", dark")
                     << (beyond ? " around" : " within") << ": " << right << " right, " << doubted
                     << " doubted");
    CHECK(right >= 37);
    CHECK(doubted <= 2);
  };
  for (const bool light_ink : {false, true})
    for (const bool beyond : {false, true})
      for (const int width : {1, 2, 3}) {
        if (width == 3 && !beyond) continue;  // it would be across the digit
        framed_by(width, light_ink, beyond);
      }
}

// `make scenes`
TEST_CASE("a table of scenes", "[.scenes-table]") {
  const Model model = load_model(default_weights(picture_weights));
  print_table(model, "drawn digits", synthetic_digits({.train = 1, .test = 100}).test, 100);
  const std::string mnist = "../shared/datasets/mnist";
  if (std::filesystem::exists(mnist))
    print_table(model, "MNIST digits", read_mnist(mnist).test, 100);
  else
    WARN(mnist << " is not there: drawn digits only");
}
