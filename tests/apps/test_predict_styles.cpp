// predict prepares pictures as the training images were made, whatever that was.
#include <cmath>
#include <functional>

#include "apps/mnist_stn/pictures.h"
#include "apps/networks/inspect.h"
#include "data/digits/prepare_digit.h"
#include "data/synthetic.h"
#include "layers/losses.h"
#include "optim/adam.h"
#include "tests/program.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

// Makes an image of a set from a drawn digit, white on black, 28 x 28.
using Remake = std::function<Image(const Image& digit, int index)>;

struct Set {
  const char* name;
  Remake remake;
};

Image each(Image image, const std::function<double(double)>& level) {
  for (std::uint8_t& v : image.pixels) v = static_cast<std::uint8_t>(level(v));
  return image;
}

Image inked_box(const Image& d) {
  int left = 28, right = 0, top = 28, bottom = 0;
  for (int y = 0; y < 28; ++y)
    for (int x = 0; x < 28; ++x)
      if (d.pixels[static_cast<std::size_t>(y * 28 + x)] > 60) {
        left = std::min(left, x), right = std::max(right, x + 1);
        top = std::min(top, y), bottom = std::max(bottom, y + 1);
      }
  Image out{right - left, bottom - top, 1, {}};
  for (int y = top; y < bottom; ++y)
    for (int x = left; x < right; ++x)
      out.pixels.push_back(d.pixels[static_cast<std::size_t>(y * 28 + x)]);
  return out;
}

Image paste(const Image& small, int width, int height, int left, int top) {
  Image out{width, height, 1, std::vector<std::uint8_t>(static_cast<std::size_t>(width * height))};
  for (int y = 0; y < small.height; ++y)
    std::copy_n(&small.pixels[static_cast<std::size_t>(y * small.width)], small.width,
                &out.pixels[static_cast<std::size_t>((top + y) * width + left)]);
  return out;
}

Image coloured(const Image& d, int i, bool textured) {
  Image out{28, 28, 3, {}};
  for (std::size_t at = 0; at < d.pixels.size(); ++at)
    for (int c = 0; c < 3; ++c) {
      const double ground = textured
                                ? 128 + 100 * std::sin(0.3 * static_cast<double>(at) * (c + 1) + i)
                                : 230 - 40 * c;
      const double ink = textured ? (i * 37 + c * 91) % 256 : 40 + 60 * c;
      out.pixels.push_back(static_cast<std::uint8_t>(ground + (ink - ground) * d.pixels[at] / 255));
    }
  return out;
}

const Set sets[] = {
    {"white on black", [](const Image& d, int) { return d; }},
    {"black on white",
     [](const Image& d, int) { return each(d, [](double v) { return 255 - v; }); }},
    {"half as large, in a corner",
     [](const Image& d, int) { return paste(resize(d, 14, 14), 28, 28, 0, 14); }},
    {"anywhere", [](const Image& d, int i) { return paste(d, 40, 40, i * 5 % 13, i * 7 % 13); }},
    {"filling the frame", [](const Image& d, int) { return resize(inked_box(d), 28, 28); }},
    {"faint", [](const Image& d, int) { return each(d, [](double v) { return 90 + v / 8; }); }},
    {"24 x 32", [](const Image& d, int) { return resize(d, 24, 32); }},
    {"coloured ink", [](const Image& d, int i) { return coloured(d, i, false); }},
    {"colours everywhere", [](const Image& d, int i) { return coloured(d, i, true); }},
};

Image as_image(const Dataset& set, int i) {
  const auto pixels = set.image(i);
  return {set.image_shape[2], set.image_shape[1], 1, {pixels.begin(), pixels.end()}};
}

Dataset remade(const Dataset& from, const Remake& remake) {
  Dataset out = from;
  out.pixels.clear();
  for (int i = 0; i < from.size(); ++i) {
    const Image image = remake(as_image(from, i), i);
    out.image_shape = {image.channels, image.height, image.width};
    for (int c = 0; c < image.channels; ++c)
      for (std::size_t at = static_cast<std::size_t>(c); at < image.pixels.size();
           at += static_cast<std::size_t>(image.channels))
        out.pixels.push_back(image.pixels[at]);
  }
  return out;
}

Model trained_on(const Dataset& train, int epochs) {
  ModelInfo info = describe_model(train.image_shape[0] == 3 ? "cifar-cnn" : "tutorial-cnn",
                                  train.image_shape, train.class_names);
  info.mean = train.mean, info.stddev = train.stddev;
  info.style = measure_style(train);
  Model model = make_model(std::move(info), 1);
  model.network->eval();  // no dropout: it has to learn fast
  Adam adam(model.network->parameters(), {.lr = Real(0.003)});
  for (int epoch = 0; epoch < epochs; ++epoch)
    for (int first = 0; first + 64 <= train.size(); first += 64) {
      train_step(batch_of(train, first, 64),
                 [&](const Tile& t) { return nll_loss((*model.network)(t.images), t.labels); });
      adam.step();
    }
  return model;
}

// Percent of right answers.
double accuracy(const Model& model, const Dataset& test, std::span<const std::uint8_t> pixels) {
  const std::vector<Inspection> seen = inspect(model, pixels);
  int right = 0;
  for (int i = 0; i < test.size(); ++i)
    right +=
        seen[static_cast<std::size_t>(i)].ranked[0] == test.labels[static_cast<std::size_t>(i)];
  return 100.0 * right / test.size();
}

}  // namespace

TEST_CASE("predict agrees with eval on the set's own pictures, whatever the set",
          "[predict][style]") {
  const TempDir dir;
  const DataSplit drawn = synthetic_digits({.train = 1280, .test = 400});
  for (const Set& set : sets) {
    INFO(set.name);
    DataSplit data{remade(drawn.train, set.remake), remade(drawn.test, set.remake)};
    set_statistics(data);
    const std::string file = dir.file("model.safetensors");
    // Networks for colours take minutes: there, the network is to see the very images of the set.
    const bool colour = data.train.image_shape[0] == 3;
    save_model(file, trained_on(data.train, colour ? 0 : 3));
    const Model model = load_model(file);  // predict knows no more than the file
    REQUIRE(model.info.style.has_value());
    std::vector<std::uint8_t> pixels;
    for (int i = 0; i < data.test.size(); ++i) {
      write_png(dir.file("a.png"), set.remake(as_image(drawn.test, i), i));
      const NetworkInput input = network_input(model, read_image(dir.file("a.png")));
      pixels.insert(pixels.end(), input.pixels.begin(), input.pixels.end());
    }
    if (colour) {
      CHECK(pixels == data.test.pixels);
      continue;
    }
    const double eval = accuracy(model, data.test, data.test.pixels);
    const double predict = accuracy(model, data.test, pixels);
    INFO("eval " << eval << "%, predict " << predict << "%");
    CHECK(eval > 60);
    CHECK(std::abs(eval - predict) <= 1);
  }
}

TEST_CASE("a stranger's picture is made like the training images", "[predict][style]") {
  const DataSplit drawn = synthetic_digits({.train = 400, .test = 20});
  for (const Set& set : sets) {
    const DataSplit data{remade(drawn.train, set.remake), remade(drawn.test, set.remake)};
    const ImageStyle style = measure_style(data.train);
    INFO(set.name);
    CHECK(style.drawing == (std::string(set.name) != "colours everywhere"));
    if (!style.drawing) continue;
    // Large, in blue ink on grey paper, off the middle.
    Image photo = each(paste(resize(as_image(drawn.test, 3), 150, 150), 300, 260, 120, 20),
                       [](double v) { return 210 - v * 0.7; });
    const Image made = prepare_digit(photo, style).image;
    CHECK(made.width == style.width);
    CHECK(made.height == style.height);
    CHECK(fits(style, made));
  }
}

TEST_CASE("the style is kept with the weights; a damaged one is an error", "[predict][style]") {
  const TempDir dir;
  const DataSplit drawn = synthetic_digits({.train = 64, .test = 1});
  Model model = make_model(describe_model("tutorial", {1, 28, 28}, drawn.train.class_names), 1);
  model.info.style = measure_style(drawn.train);
  save_model(dir.file("a"), model);
  CHECK(load_model(dir.file("a")).info.style == model.info.style);
  model.info.style.reset();
  save_model(dir.file("b"), model);
  CHECK_FALSE(load_model(dir.file("b")).info.style.has_value());
  model.info.style = ImageStyle{.width = 29};
  save_model(dir.file("c"), model);
  CHECK_THROWS_WITH(load_model(dir.file("c")), contains("style of other images"));
}
