#include "apps/mnist_stn/pictures.h"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "core/error.h"
#include "data/distort.h"
#include "data/prepare_digit.h"

namespace fovea {

namespace fs = std::filesystem;

std::string default_weights() {
  std::error_code ignored;
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  const fs::path places[] = {program / "../data/pretrained/mnist.safetensors",
                             program / "../share/fovea/mnist.safetensors",
                             "data/pretrained/mnist.safetensors"};
  for (const fs::path& place : places)
    if (fs::exists(place, ignored)) return place.lexically_normal().string();
  fail("no pre-trained weights at ", places[0].lexically_normal().string(), " or ",
       places[2].string(), "; train some (mnist_stn train --out DIR) and name them with --weights");
}

namespace {

bool is_image_name(const fs::path& path) {
  std::string ending = path.extension().string();
  for (char& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const char* const known[] = {".png", ".jpg", ".jpeg", ".bmp", ".pgm", ".ppm", ".tga"};
  return std::find(std::begin(known), std::end(known), ending) != std::end(known);
}

}  // namespace

std::vector<std::string> expand_images(const std::vector<std::string>& paths) {
  std::vector<std::string> out;
  for (const std::string& path : paths) {
    std::error_code error;
    std::vector<std::string> inside;
    for (fs::directory_iterator entry(path, error), end; !error && entry != end;
         entry.increment(error)) {
      const fs::path& file = entry->path();
      std::error_code ignored;
      if (is_image_name(file) && file.filename().string()[0] != '.' &&
          !entry->is_directory(ignored))
        inside.push_back(file.string());
    }
    std::sort(inside.begin(), inside.end());
    if (inside.empty()) inside.push_back(path);
    out.insert(out.end(), inside.begin(), inside.end());
  }
  return out;
}

namespace {

constexpr int digit_side = 28;  // of what prepare_digit() makes

// A prepared digit as a data set of its own.
Dataset one_digit(std::vector<std::uint8_t> pixels) {
  return {.name = "picture",
          .image_shape = {1, digit_side, digit_side},
          .pixels = std::move(pixels),
          .labels = {0},
          .class_names = {"0"},
          .mean = {0},
          .stddev = {1},
          .note = {}};
}

// What a network of distorted digits takes.
Shape canvas_shape(const std::string& distortion) {
  const Dataset digit = one_digit(std::vector<std::uint8_t>(digit_side * digit_side));
  return make_distortion(distortion, digit)->image_shape();
}

std::vector<std::uint8_t> on_canvas(const Model& model, std::vector<std::uint8_t> digit,
                                    const std::string& distortion, int index) {
  if (distortion.empty() && model.info.distortion.empty()) return digit;
  const Dataset base = one_digit(std::move(digit));
  const auto maker = make_distortion(distortion.empty() ? model.info.distortion : distortion, base);
  require(maker->image_shape() == model.info.input, "the network takes images ", model.info.input,
          ", but ", distortion, " makes ", maker->image_shape());
  std::vector<std::uint8_t> out(static_cast<std::size_t>(model.info.input.size()));
  const std::uint8_t* pixels = base.pixels.data();
  if (distortion.empty())
    maker->place(pixels, out.data());
  else
    (*maker)(pixels, 0, distortion_stream(1, index), out.data());
  return out;
}

}  // namespace

bool reads_digits(const Model& model) {
  const auto& names = model.info.class_names;
  const Shape digit{1, digit_side, digit_side};
  const std::string& distortion = model.info.distortion;
  return model.info.input[0] == 1 &&
         model.info.input == (distortion.empty() ? digit : canvas_shape(distortion)) &&
         std::all_of(names.begin(), names.end(), [](const std::string& name) {
           return name.size() == 1 && name[0] >= '0' && name[0] <= '9';
         });
}

NetworkInput network_input(const Model& model, const Image& image, bool prepare,
                           const std::string& distortion, int index) {
  if (prepare && reads_digits(model)) {
    PreparedDigit digit = prepare_digit(image);
    if (!distortion.empty()) digit.notes += "; distorted by " + distortion;
    return {on_canvas(model, std::move(digit.image.pixels), distortion, index),
            std::move(digit.notes), digit.blank};
  }
  require(distortion.empty(), "only pictures of digits, prepared, can be distorted");
  const Shape& shape = model.info.input;
  const int channels = shape[0], height = shape[1], width = shape[2];
  require(channels == 1 || channels == 3, "the network takes images of ", channels,
          " channels; pictures can be turned into 1 or 3");
  NetworkInput out;
  Image fitted = channels == 3 ? to_rgb(image) : to_grey(image);
  if (image.channels != channels) out.notes = channels == 3 ? "RGB" : "grey";
  if (fitted.width != width || fitted.height != height) {
    fitted = resize(fitted, width, height);
    out.notes += cat(out.notes.empty() ? "" : "; ", "resized from ", image.width, "x", image.height,
                     " to ", width, "x", height);
  }
  if (out.notes.empty()) out.notes = "left as it is";
  const auto plane = static_cast<std::size_t>(width * height);
  for (std::size_t c = 0; c < static_cast<std::size_t>(channels); ++c)
    for (std::size_t i = 0; i < plane; ++i)
      out.pixels.push_back(fitted.pixels[i * static_cast<std::size_t>(channels) + c]);
  return out;
}

}  // namespace fovea
