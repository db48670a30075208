#include "apps/mnist_stn/pictures.h"

#include <algorithm>
#include <filesystem>

#include "core/error.h"
#include "data/digits/prepare_digit.h"
#include "data/distort.h"
#include "data/folders/image_listing.h"

namespace fovea {

namespace fs = std::filesystem;

std::string default_weights(const std::string& name) {
  std::error_code ignored;
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  const fs::path places[] = {program / "../data/pretrained" / name,
                             program / "../share/fovea" / name, fs::path("data/pretrained") / name};
  for (const fs::path& place : places)
    if (fs::exists(place, ignored)) return place.lexically_normal().string();
  fail("no pre-trained weights at ", places[0].lexically_normal().string(), " or ",
       places[2].string(), "; train some (mnist_stn train --out DIR) and name them with --weights");
}

std::vector<std::string> expand_images(const std::vector<std::string>& paths) {
  std::vector<std::string> out;
  LeftOut left_out;
  for (const std::string& path : paths) {
    std::error_code error;
    std::vector<std::string> inside, others;
    for (fs::directory_iterator entry(path, error), end; !error && entry != end;
         entry.increment(error)) {
      const std::string file = entry->path().string();
      if (is_image_path(file))
        inside.push_back(file);
      else if (!entry->path().filename().string().starts_with('.'))
        others.push_back(file);
    }
    std::sort(inside.begin(), inside.end());
    std::sort(others.begin(), others.end());
    if (inside.empty())
      inside.push_back(path);
    else
      for (const std::string& other : others)
        left_out.add("no picture that this program reads", other);
    out.insert(out.end(), inside.begin(), inside.end());
  }
  left_out.report();
  return out;
}

namespace {

constexpr int digit_side = 28;  // of what prepare_digit() makes

// [H, W, C] to [C, H, W].
std::vector<std::uint8_t> planes_of(const Image& image) {
  const auto channels = static_cast<std::size_t>(image.channels);
  std::vector<std::uint8_t> planes;
  for (std::size_t c = 0; c < channels; ++c)
    for (std::size_t i = c; i < image.pixels.size(); i += channels)
      planes.push_back(image.pixels[i]);
  return planes;
}

// A prepared digit as a data set of its own.
Dataset one_digit(const Image& digit) {
  return {.name = "picture",
          .image_shape = {digit.channels, digit.height, digit.width},
          .pixels = planes_of(digit),
          .labels = {0},
          .class_names = {"0"},
          .mean = std::vector<float>(static_cast<std::size_t>(digit.channels), 0.0F),
          .stddev = std::vector<float>(static_cast<std::size_t>(digit.channels), 1.0F),
          .note = {}};
}

// What a network of distorted digits takes.
Shape canvas_shape(const std::string& distortion) {
  const Image blank = {digit_side, digit_side, 1,
                       std::vector<std::uint8_t>(digit_side * digit_side)};
  return make_distortion(distortion, one_digit(blank))->image_shape();
}

std::vector<std::uint8_t> on_canvas(const Model& model, const Image& digit,
                                    const std::string& distortion, int index) {
  if (distortion.empty() && model.info.distortion.empty()) return planes_of(digit);
  const Dataset base = one_digit(digit);
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

// Where the canvas that has a digit in its middle lies in the picture.
PixelBox around(const PreparedDigit& digit, const Shape& canvas) {
  const PixelBox& frame = digit.frame;
  const double step_x = frame.width / digit.image.width;
  const double step_y = frame.height / digit.image.height;
  const int left = (canvas[2] - digit.image.width) / 2, top = (canvas[1] - digit.image.height) / 2;
  return {frame.x - left * step_x, frame.y - top * step_y, canvas[2] * step_x, canvas[1] * step_y};
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
  const std::optional<ImageStyle>& style = model.info.style;
  if (prepare && (style ? style->drawing : reads_digits(model))) {
    PreparedDigit digit = prepare_digit(image, style ? *style : ImageStyle{});
    if (!distortion.empty()) digit.notes += "; distorted by " + distortion;
    NetworkInput out = {on_canvas(model, digit.image, distortion, index), std::move(digit.notes),
                        std::move(digit.doubt), digit.blank};
    out.width = image.width, out.height = image.height;
    out.ink = digit.ink;
    if (distortion.empty()) out.frame = around(digit, model.info.input);
    if (const int several = model.info.input[0] / digit.image.channels;
        distortion.empty() && several > 1)
      out.doubt += cat(out.doubt.empty() ? "" : "; ", "the network looks at ", several,
                       " digits at once, and this is one: the rest is left blank");
    return out;
  }
  require(distortion.empty(), "only pictures of digits, prepared, can be distorted");
  const Shape& shape = model.info.input;
  const int channels = shape[0], height = shape[1], width = shape[2];
  require(channels == 1 || channels == 3, "the network takes images of ", channels,
          " channels; pictures can be turned into 1 or 3");
  NetworkInput out;
  out.width = image.width, out.height = image.height;
  out.frame = {0, 0, 1.0 * image.width, 1.0 * image.height};
  Image fitted = channels == 3 ? to_rgb(image) : to_grey(image);
  if (image.channels != channels) out.notes = channels == 3 ? "RGB" : "grey";
  if (fitted.width != width || fitted.height != height) {
    fitted = resize(fitted, width, height);
    out.notes += cat(out.notes.empty() ? "" : "; ", "resized from ", image.width, "x", image.height,
                     " to ", width, "x", height);
  }
  if (out.notes.empty()) out.notes = "left as it is";
  out.pixels = planes_of(fitted);
  return out;
}

}  // namespace fovea
