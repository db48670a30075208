// Where predict says that the digit is, of digits whose place is known.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "apps/mnist_stn/pictures.h"
#include "apps/networks/inspect.h"
#include "data/digits/prepare_digit.h"
#include "tests/digits.h"
#include "tests/image_bytes.h"
#include "tests/program.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

using nlohmann::json;

// An upright bar of ink on grey paper.
Image bar(int width, int height, const PixelBox& at) {
  Image image{width, height, 1, std::vector<std::uint8_t>(std::size_t(width) * height, 220)};
  for (int y = static_cast<int>(at.y); y < at.y + at.height; ++y)
    std::fill_n(&image.pixels[std::size_t(y) * width + static_cast<std::size_t>(at.x)],
                static_cast<std::size_t>(at.width), std::uint8_t{20});
  return image;
}

// A quarter turn against the clock, which orientation 6 takes back.
Image turned(const Image& image) {
  Image out{image.height, image.width, 1, {}};
  for (int y = 0; y < out.height; ++y)
    for (int x = 0; x < out.width; ++x)
      out.pixels.push_back(
          image.pixels[std::size_t(x) * image.width + std::size_t(image.width - 1 - y)]);
  return out;
}

Bytes with_orientation(Bytes jpeg, std::uint8_t orientation) {
  const Bytes exif = {0xFF, 0xE1, 0, 34, 'E', 'x',         'i', 'f', 0,    0,    'M', 'M',
                      0,    42,   0, 0,  0,   8,           0,   1,   0x01, 0x12, 0,   3,
                      0,    0,    0, 1,  0,   orientation, 0,   0,   0,    0,    0,   0};
  jpeg.insert(jpeg.begin() + 2, exif.begin(), exif.end());
  return jpeg;
}

Model looking_at(const std::vector<Real>& theta) {
  Model model = untrained("tutorial");
  for (const NamedTensor& p : model.network->named_parameters())
    if (p.name == "fc_loc.2.bias") std::copy(theta.begin(), theta.end(), p.tensor.data());
  return model;
}

void check_box(const json& box, const PixelBox& expected, double margin) {
  INFO(box.dump());
  REQUIRE(box.size() == 4);
  CHECK(std::abs(box[0].get<double>() - expected.x) <= margin);
  CHECK(std::abs(box[1].get<double>() - expected.y) <= margin);
  CHECK(std::abs(box[2].get<double>() - expected.width) <= margin);
  CHECK(std::abs(box[3].get<double>() - expected.height) <= margin);
}

std::vector<json> answers(const TempDir& dir, const std::string& arguments) {
  const ProgramOutcome outcome = run_program(dir, "predict --json " + arguments);
  INFO(outcome.err);
  REQUIRE(outcome.code == 0);
  std::vector<json> out;
  std::istringstream lines(outcome.out);
  for (std::string line; std::getline(lines, line);) out.push_back(json::parse(line));
  return out;
}

}  // namespace

TEST_CASE("a prepared digit knows where it was in the picture", "[predict]") {
  // 120 pixels become 20, six each; a picture of 1500 is shrunk first.
  for (const int times : {1, 5}) {
    const PixelBox at = {30.0 * times, 70.0 * times, 24.0 * times, 120.0 * times};
    const PreparedDigit digit = prepare_digit(bar(300 * times, 260 * times, at));
    REQUIRE(digit.ink);
    const double margin = times == 1 ? 0 : 4;
    CHECK(std::abs(digit.ink->x - at.x) <= margin);
    CHECK(std::abs(digit.ink->y - at.y) <= margin);
    CHECK(std::abs(digit.ink->width - at.width) <= 2 * margin);
    CHECK(std::abs(digit.ink->height - at.height) <= 2 * margin);
    // The bar in the image, through the frame, is the bar in the picture.
    const std::optional<PixelBox> inside = ink_box({}, digit.image);
    REQUIRE(inside);
    const double step = digit.frame.width / 28;
    CHECK(step == Approx(6 * times).epsilon(0.03));
    CHECK(digit.frame.height / 28 == Approx(6 * times).epsilon(0.03));
    CHECK(std::abs(digit.frame.x + inside->x * step - at.x) <= margin + 1e-9);
    CHECK(std::abs(digit.frame.y + inside->y * step - at.y) <= margin + 1e-9);
  }
  const PreparedDigit blank = prepare_digit(bar(90, 60, {}));
  CHECK(blank.blank);
  CHECK_FALSE(blank.ink);
  Image as_is{28, 28, 1, std::vector<std::uint8_t>(784)};
  for (int y = 4; y < 24; ++y) as_is.pixels[static_cast<std::size_t>(28 * y + 14)] = 255;
  const PreparedDigit same = prepare_digit(as_is);
  CHECK((same.frame.x == 0 && same.frame.width == 28));
  CHECK((same.ink && same.ink->x == 14 && same.ink->y == 4 && same.ink->height == 20));
}

TEST_CASE("a digit in the middle of a canvas has a wider frame", "[predict]") {
  ModelInfo info = describe_model("tutorial", {1, 42, 42}, digits().test.class_names);
  info.distortion = "RTS";
  const Model model = make_model(info, 1);
  const Image picture = bar(300, 260, {30, 70, 24, 120});
  const PreparedDigit digit = prepare_digit(picture);
  const NetworkInput input = network_input(model, picture);
  REQUIRE(input.frame);
  CHECK(input.frame->width == Approx(1.5 * digit.frame.width));
  CHECK(input.frame->x == Approx(digit.frame.x - 0.25 * digit.frame.width));
  CHECK(input.frame->y == Approx(digit.frame.y - 0.25 * digit.frame.height));
  CHECK_FALSE(network_input(model, picture, true, "RTS").frame);
  const NetworkInput whole = network_input(model, picture, false);
  CHECK((whole.frame && whole.frame->width == 300 && whole.frame->height == 260 && !whole.ink));
}

TEST_CASE("a network of sums says that one digit is no sum", "[predict]") {
  ModelInfo info = describe_model("tutorial", {2, 42, 42}, digits().test.class_names);
  info.distortion = "addition";
  info.style = ImageStyle{};
  info.style->drawing = true;
  const Model model = make_model(info, 1);
  const Image picture = bar(300, 260, {30, 70, 24, 120});
  CHECK(network_input(model, picture).doubt ==
        "the network looks at 2 digits at once, and this is one: the rest is left blank");
  CHECK(network_input(model, picture, true, "addition").doubt.empty());
}

TEST_CASE("predict --json says where the digit is, and where the transformer looks", "[predict]") {
  if (!program_built()) return;
  const TempDir dir;
  const PixelBox at = {40, 50, 24, 120};
  const Image picture = bar(300, 240, at);
  write_png(dir.file("a.png"), picture);
  const auto write = [&](const std::string& name, const Bytes& bytes) {
    dir.write(name, std::string(bytes.begin(), bytes.end()));
  };
  write("b.jpg", with_orientation(jpeg_of(turned(picture)), 6));
  write_png(dir.file("blank.png"), bar(50, 50, {}));
  const PixelBox frame = prepare_digit(picture).frame;

  // All of its input; the right upper quarter of it; turned by a quarter.
  save_model(dir.file("same"), looking_at({1, 0, 0, 0, 1, 0}));
  save_model(dir.file("part"), looking_at({0.5f, 0, 0.5f, 0, 0.5f, -0.5f}));
  save_model(dir.file("turn"), looking_at({0, -1, 0, 1, 0, 0}));
  const PixelBox part = {frame.x + frame.width / 2, frame.y, frame.width / 2, frame.height / 2};
  for (const auto& [name, window] : {std::pair("same", frame), {"part", part}, {"turn", frame}}) {
    INFO(name);
    const std::vector<json> seen = answers(dir, cat("-w ", name, " a.png b.jpg"));
    REQUIRE(seen.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) {
      const double margin = i == 0 ? 0.011 : 7;  // a JPEG's ink may seem a pixel larger
      CHECK(seen[i].at("size") == json{300, 240});
      check_box(seen[i].at("box"), at, i == 0 ? 0.011 : 1);
      CHECK(seen[i].at("ink") == seen[i].at("box"));
      check_box(seen[i].at("window"), window, margin);
      CHECK(seen[i].at("transformers")[0].at("window") == seen[i].at("window"));
      const json& corners = seen[i].at("corners");
      REQUIRE(corners.size() == 4);
      const bool turn = std::string(name) == "turn";
      CHECK(std::abs(corners[0][0].get<double>() - (window.x + turn * window.width)) <= margin);
      CHECK(std::abs(corners[0][1].get<double>() - window.y) <= margin);
      CHECK(std::abs(corners[1][1].get<double>() - (window.y + turn * window.height)) <= margin);
    }
  }
  const json blank = answers(dir, "-w same blank.png").at(0);
  CHECK(blank.at("blank") == true);
  CHECK_FALSE(blank.contains("ink"));
  CHECK_FALSE(blank.contains("box"));
  const json moved = answers(dir, "-w same --distort R a.png").at(0);
  check_box(moved.at("box"), at, 0.011);
  CHECK_FALSE(moved.contains("window"));
  const json as_it_is = answers(dir, "-w part --no-prepare a.png").at(0);  // no ink is looked for
  CHECK_FALSE(as_it_is.contains("ink"));
  CHECK(as_it_is.at("box") == as_it_is.at("window"));
  save_model(dir.file("control"), untrained("tutorial-cnn"));
  const json control = answers(dir, "-w control a.png").at(0);
  check_box(control.at("box"), at, 0.011);
  CHECK_FALSE(control.contains("corners"));
}

TEST_CASE("the weights for tilted digits read what those for upright ones do not", "[predict]") {
  const auto right = [](const char* weights, const char* distortion) {
    const Model model = load_model(weights);
    int count = 0;
    for (const int digit : {1, 4, 7})
      for (int i = 0; i < 10; ++i) {
        const NetworkInput input =
            network_input(model, photo(digit, false), true, distortion, 10 * digit + i);
        count += inspect(model, input.pixels).at(0).ranked[0] == digit;
      }
    return count;
  };
  const std::string folder = "data/pretrained/";
  CHECK(right((folder + "rts.safetensors").c_str(), "RTS") >= 26);
  CHECK(right((folder + "mnist.safetensors").c_str(), "R") <= 20);
  CHECK(load_model(folder + "rts-cnn.safetensors").info.distortion == "RTS");
}

TEST_CASE("predict on its own reads tilted digits, with the weights for pictures", "[predict]") {
  if (!program_built()) return;
  const TempDir dir;
  const Model upright = load_model(default_weights());
  std::string pictures, digits;
  int upright_right = 0;
  for (const int digit : {1, 4, 7})
    for (int i = 0; i < 10; ++i) {
      const Image picture = {28, 28, 1,
                             network_input(upright, photo(digit, false), true, "R", i).pixels};
      upright_right +=
          inspect(upright, network_input(upright, picture).pixels).at(0).ranked[0] == digit;
      const std::string name = cat(digit, "_", i, ".png");
      write_png(dir.file(name), picture);
      pictures += " " + name, digits += std::to_string(digit);
    }
  int right = 0;
  const std::vector<json> seen = answers(dir, pictures);
  for (std::size_t i = 0; i < seen.size(); ++i)
    right += seen[i].at("class") == std::string(1, digits[i]);
  INFO(right << " of 30, " << upright_right << " with the weights for upright digits");
  CHECK(right >= 29);
  CHECK(upright_right <= 26);
}
