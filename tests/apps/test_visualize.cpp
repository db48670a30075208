#include <algorithm>
#include <cmath>
#include <limits>

#include "apps/networks/evaluate.h"
#include "apps/report/animation.h"
#include "apps/report/before_after.h"
#include "apps/report/class_means.h"
#include "apps/report/pose.h"
#include "layers/warps/affine.h"
#include "tests/dataset_helpers.h"
#include "tests/digits.h"
#include "tests/program.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

int count(const Image& image, Colour colour) {
  int n = 0;
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x) n += pixel_at(image, x, y) == colour;
  return n;
}

std::vector<TrainingFrame> two_frames() {
  TrainingFrame first;
  first.indices = {3, 5};
  first.thetas = {{1, 0, 0, 0, 1, 0}, {1, 0, 0, 0, 1, 0}};
  first.predicted = {0, 0};
  first.probability = {0.1, 0.1};
  TrainingFrame second = first;
  second.step = 1200;
  second.epoch = 1.5;
  second.thetas[0] = {0.5f, 0, 0, 0, 0.5f, 0};
  return {first, second};
}

}  // namespace

namespace {

// What a network of this kind shows of black images of its size, by thetas of affine transforms.
StageView shown(const Model& model, std::span<const std::uint8_t> pixels, const Theta& theta) {
  const std::vector<std::vector<Theta>> thetas = {{theta}};
  return views(model, transformer_stages(model), pixels, thetas).at(0).at(0);
}

}  // namespace

TEST_CASE("the sampled region is theta's image of the corners, in pixels", "[visualize]") {
  using Outline = std::vector<Point>;
  const Model model = untrained("tutorial");
  const std::vector<std::uint8_t> black(784);
  const auto outline = [&](const Theta& theta) { return shown(model, black, theta).outline; };
  CHECK(outline({1, 0, 0, 0, 1, 0}) == Outline{{0, 0}, {28, 0}, {28, 28}, {0, 28}});
  CHECK(outline({0.5f, 0, 0.25f, 0, 0.5f, -0.5f}) ==
        Outline{{10.5, 0}, {24.5, 0}, {24.5, 14}, {10.5, 14}});
  // A quarter turn: what becomes top left lies at the input's top right.
  CHECK(outline({0, -1, 0, 1, 0, 0}) == Outline{{28, 0}, {28, 28}, {0, 28}, {0, 0}});
  CHECK(outline({0, std::numeric_limits<Real>::quiet_NaN(), 0, 1, 0, 0}).empty());
}

TEST_CASE("warping agrees with the outline", "[visualize]") {
  // A bright pixel at the centre of the sampled region ends up in the middle.
  const Model model = untrained("tutorial");
  std::vector<std::uint8_t> pixels(784);
  for (const int y : {6, 7})
    for (const int x : {20, 21}) pixels[static_cast<std::size_t>(28 * y + x)] = 255;
  const Image after = shown(model, pixels, {0.5f, 0, 0.5f, 0, 0.5f, -0.5f}).image;
  CHECK(after.pixels[28 * 14 + 14] == 255);
  CHECK(after.pixels[28 * 13 + 13] == 255);
  CHECK(after.pixels[28 * 20 + 20] == 0);
}

TEST_CASE("captions tell the truth and the mistake", "[visualize]") {
  const Model model = untrained("tutorial");
  CHECK(caption(model, 1, 1, 0.634) == "1");
  CHECK(caption(model, 7, 1, 0.634) == "7 → 1 (63%)");
  CHECK(caption(model, -1, 1, 0.634) == "1 (63%)");
  CHECK(caption(model, 7, 1, 0.99987) == "7 → 1 (99.98%)");
  CHECK(percent_text(1) == "100%");
  CHECK(percent_text(0.999999) == ">99.99%");
  CHECK(percent_text(0.996) == "99.60%");
  CHECK(percent_text(0.994) == "99%");
  CHECK(percent_text(0.001) == "<1%");
  CHECK(percent_text(std::nan("")) == "");
}

TEST_CASE("long names of classes are shortened, not the answer's probability", "[visualize]") {
  ModelInfo info = describe_model("tutorial", {1, 28, 28}, std::vector<std::string>(10, "x"));
  info.class_names[1] = "a very long name of a class\nthat goes on";
  info.mean = {0}, info.stddev = {1};
  const Model model = make_model(info, 1);
  CHECK(caption(model, 0, 1, 0.634) == "x → a very long name of a class\\nth… (63%)");
}

TEST_CASE("a transform in words: turn, slant, size and shift", "[visualize]") {
  const AffineWarp warp;
  const Shape input = {1, 20, 40};
  const auto pose = [&](const Theta& theta) { return pose_of(warp, theta, input); };
  const Pose none = pose({1, 0, 0, 0, 1, 0});
  for (const double zero : {none.rotation, none.slant, none.size - 1, none.shift_x, none.bend})
    CHECK(zero == Approx(0).margin(1e-6));
  CHECK(none.outside == 0);
  // By 30 degrees, in pixels of an image that is twice as wide as high; half as large.
  const double c = std::cos(std::acos(-1) / 6) / 2, s = 0.25;
  const Pose turned = pose({Real(c), Real(-s / 2), Real(0.5), Real(s * 2), Real(c), Real(-0.25)});
  CHECK(turned.rotation == Approx(30).margin(1e-3));
  CHECK(turned.slant == Approx(0).margin(1e-3));
  CHECK(turned.size == Approx(0.5));
  CHECK(turned.shift_x == Approx(10));
  CHECK(turned.shift_y == Approx(-2.5));
  CHECK(pose_of(warp, Theta{1, 1, 0, 0, 1, 0}, {1, 8, 8}).slant == Approx(45));
}

TEST_CASE("mean images of classes, before and after", "[visualize]") {
  const Model model = untrained("tutorial");  // an identity
  const std::vector<SampleView> means = class_means(model, digits().test, 2);
  REQUIRE(means.size() == 10);
  std::vector<int> threes;
  for (int i = 0; i < digits().test.size(); ++i)
    if (digits().test.labels[static_cast<std::size_t>(i)] == 3) threes.push_back(i);
  REQUIRE(threes.size() >= 2);
  for (const std::size_t at : {200u, 400u, 410u}) {
    const int a = digits().test.image(threes[0])[at], b = digits().test.image(threes[1])[at];
    CHECK(means[3].before.pixels[at] == (a + b + 1) / 2);
    CHECK(std::abs(means[3].after[0].image.pixels[at] - (a + b + 1) / 2) <= 1);
  }
}

TEST_CASE("a sheet outlines what a transformer samples, and nothing without one", "[visualize]") {
  const std::vector<int> indices = {0, 1, 2, 3, 4};
  const auto options = sheet_options({1, 28, 28});
  const Image sheet = before_after_sheet(untrained("tutorial"), digits().test, indices, options);
  const Image control =
      before_after_sheet(untrained("tutorial-cnn"), digits().test, indices, options);
  CHECK(sheet.width == control.width);
  // Untrained, it samples everything: frames of 112 pixels or more, two wide, around five inputs.
  CHECK(count(sheet, outline_colours[0]) > count(control, outline_colours[0]) + 5 * 4 * 112);
}

TEST_CASE("sheets need images that fit", "[visualize]") {
  const Model model = untrained("tutorial");
  const std::vector<int> beyond = {40};
  CHECK_THAT(message_of([&] { before_after_sheet(model, digits().test, beyond); }),
             contains("no image 40"));
  Dataset other = digits().test;
  other.image_shape = {1, 14, 56};
  CHECK_THAT(message_of([&] { require_fitting(model, other); }),
             contains("[1, 14, 56]") && contains("[1, 28, 28]"));
}

TEST_CASE("wrong answers are found from an index on, up to a number", "[visualize]") {
  const Model model = untrained("tutorial");
  const std::vector<int> all = wrong_answers(model, digits().test, 0, 1000);
  std::vector<int> expected;
  const std::vector<Inspection> seen = inspect(model, digits().test.pixels);
  for (int i = 0; i < 40; ++i)
    if (seen[static_cast<std::size_t>(i)].ranked[0] !=
        digits().test.labels[static_cast<std::size_t>(i)])
      expected.push_back(i);
  CHECK(all == expected);
  REQUIRE(all.size() > 5);  // untrained
  CHECK(wrong_answers(model, digits().test, 0, 3) ==
        std::vector<int>(all.begin(), all.begin() + 3));
  CHECK(wrong_answers(model, digits().test, all[1], 1).at(0) == all[1]);
}

TEST_CASE("an animation has a frame for every moment", "[visualize]") {
  const GifWriter gif = training_animation(untrained("tutorial"), digits().test, two_frames());
  CHECK(gif.frame_count() == 2);
  CHECK(gif.encode().starts_with("GIF89a"));
  CHECK_THROWS_AS(training_animation(untrained("tutorial"), digits().test, {}), Error);
}

TEST_CASE("frames are read from lines of JSON", "[visualize]") {
  const TempDir dir;
  const Model model = untrained("tutorial");
  const auto read = [&](const std::string& path) {
    return read_frames(path, model, digits().test);
  };
  CHECK(read(dir.path() + "/absent").empty());
  const std::string good =
      R"({"step":7,"epoch":0.5,"indices":[3],"theta":[[1,0,null,0,1,0]],"predicted":[4],)"
      R"("probability":[0.25]})"
      "\n";
  const std::string control =
      R"({"step":7,"epoch":1,"indices":[3],"theta":[],"predicted":[4],"probability":[0.25]})"
      "\n";
  const auto frames = read(dir.write("a", good + control + good.substr(0, 30)));
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].step == 7);
  CHECK(frames[0].indices == std::vector<int>{3});
  CHECK(std::isnan(frames[0].thetas.at(0)[2]));
  CHECK(frames[0].probability.at(0) == 0.25);
  const auto with = [&](const std::string& part, const std::string& other) {
    return std::string(good).replace(good.find(part), part.size(), other);
  };
  const std::string later = with(":7", ":9"), next = with(":7", ":8");
  std::vector<TrainingFrame> left;
  CHECK_THAT(stderr_of([&] {
               left = read(dir.write("b", good + "{\"step\":}\n" + later + with("[3]", "[100000]") +
                                              with("[4]", "[10]") + with("1,0,null", "1,0") +
                                              with("\"step\":7", "\"step\":[7]") + "[]\n"));
             }),
             contains("/b: lines 2, 4, 5, 6, 7, 8 are damaged, the first: parse error"));
  CHECK(left.size() == 2);
  CHECK_THAT(stderr_of([&] { left = read(dir.write("c", later + good + next + next)); }),
             contains("/c: steps are not in order, or come twice"));
  REQUIRE(left.size() == 3);
  CHECK(left[1].step == 8);
}

TEST_CASE("visualize and export write their files", "[visualize]") {
  if (!program_built()) return;
  const TempDir dir;
  save_model(dir.file("w.safetensors"), untrained("tutorial"));
  const ProgramOutcome sheet = run_program(
      dir, "visualize -w w.safetensors --synthetic --count 3 --start 2 --out sheet.png");
  INFO(sheet.err);
  REQUIRE(sheet.code == 0);
  CHECK_THAT(sheet.out, contains("sheet.png: 3 images"));
  CHECK(read_image(dir.file("sheet.png")).channels == 3);
  CHECK(run_program(dir, "visualize -w w.safetensors --data nowhere").code == 1);
  CHECK(run_program(dir, "visualize -w w.safetensors --synthetic --count 0").code == 2);

  CHECK(run_program(dir, "export -w w.safetensors").code == 2);
  const ProgramOutcome exported = run_program(dir, "export -w w.safetensors --onnx net.onnx");
  CHECK(exported.code == 0);
  CHECK_THAT(exported.out, contains("net.onnx: ") && contains("opset 16") && contains("0.1307"));
  CHECK(std::filesystem::file_size(dir.file("net.onnx")) > 27360 * 4);
}
