#include "data/image.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "core/error.h"
#include "core/file.h"
#include "data/codecs/image_codec.h"

namespace fovea {

namespace {

constexpr int max_side = 32768;
constexpr std::int64_t max_area = 64 << 20;
constexpr std::size_t max_file_size = 512 << 20;

// The pixel's channel c of an RGB view, composited over white.
int over_white(const std::uint8_t* pixel, int channels, int c) {
  const int value = pixel[channels >= 3 ? c : 0];
  if (channels == 1 || channels == 3) return value;
  const int alpha = pixel[channels - 1];
  return (value * alpha + 255 * (255 - alpha) + 127) / 255;
}

// The inputs and their weights that make one output sample, along one axis.
struct Taps {
  int first;
  std::vector<float> weights;
};

std::vector<Taps> triangle_taps(int in, int out) {
  const double scale = static_cast<double>(in) / out, support = std::max(scale, 1.0);
  std::vector<Taps> taps(static_cast<std::size_t>(out));
  for (int i = 0; i < out; ++i) {
    const double centre = (i + 0.5) * scale;
    const int first = std::max(0, static_cast<int>(centre - support + 0.5));
    const int last = std::min(in, static_cast<int>(centre + support + 0.5));
    Taps& t = taps[static_cast<std::size_t>(i)];
    t.first = first;
    double sum = 0;
    for (int j = first; j < last; ++j) {
      const double w = std::max(0.0, 1 - std::abs(j + 0.5 - centre) / support);
      t.weights.push_back(static_cast<float>(w));
      sum += w;
    }
    for (float& w : t.weights) w = static_cast<float>(w / sum);
  }
  return taps;
}

// One image row scaled to the new width; colours are multiplied by alpha, so that the hidden
// colour of transparent pixels does not bleed in.
void resize_row(const std::uint8_t* in, int channels, const std::vector<Taps>& taps, float* out) {
  const bool has_alpha = channels == 2 || channels == 4;
  for (const Taps& t : taps) {
    float sum[4] = {};
    const std::uint8_t* p = in + std::size_t(t.first) * channels;
    for (const float w : t.weights) {
      const float weight = has_alpha ? w * p[channels - 1] / 255 : w;
      for (int c = 0; c < channels; ++c)
        sum[c] += (has_alpha && c == channels - 1 ? w : weight) * p[c];
      p += channels;
    }
    for (int c = 0; c < channels; ++c) *out++ = sum[c];
  }
}

void store_row(const std::vector<float>& row, int channels, std::uint8_t* out) {
  const bool has_alpha = channels == 2 || channels == 4;
  for (std::size_t i = 0; i < row.size(); ++i) {
    const int c = static_cast<int>(i) % channels;
    float value = row[i];
    if (has_alpha && c != channels - 1) {
      const float alpha = row[i + static_cast<std::size_t>(channels - 1 - c)];
      value = alpha > 0 ? value * 255 / alpha : 0;
    }
    out[i] = static_cast<std::uint8_t>(std::min(std::max(value, 0.0f), 255.0f) + 0.5f);
  }
}

}  // namespace

void require_image_size(std::int64_t width, std::int64_t height, const std::string& name) {
  require(width > 0 && height > 0, name, ": has no pixels (", width, "x", height, ")");
  require(width <= max_side && height <= max_side && width * height <= max_area, name, ": ", width,
          "x", height, " pixels are more than this program reads (32768 a side, 64",
          " megapixels); shrink it first");
}

void require_image(const Image& image, const char* who) {
  require_image_size(image.width, image.height, who);
  require(image.channels >= 1 && image.channels <= 4, who, ": image of ", image.channels,
          " channels; 1 to 4 are possible");
  const std::size_t size = std::size_t(image.width) * image.height * image.channels;
  require(image.pixels.size() == size, who, ": ", image.pixels.size(), " bytes of pixels for ",
          image.width, "x", image.height, "x", image.channels);
}

Image without_idle_channels(Image image) {
  bool opaque = true, grey = true;
  for (std::size_t i = 0; i < image.pixels.size(); i += 4) {
    const std::uint8_t* p = &image.pixels[i];
    opaque = opaque && p[3] == 255;
    // Lossy formats store grey as colour, and lose a step or two between the channels.
    grey = grey && std::abs(p[0] - p[1]) <= 2 && std::abs(p[2] - p[1]) <= 2;
  }
  const std::size_t colours = grey ? 1 : 3, channels = colours + (opaque ? 0 : 1);
  std::uint8_t* to = image.pixels.data();
  for (std::size_t i = 0; i < image.pixels.size(); i += 4) {
    const std::uint8_t pixel[4] = {image.pixels[i], image.pixels[i + 1], image.pixels[i + 2],
                                   image.pixels[i + 3]};
    if (grey)
      *to++ = pixel[1];
    else
      to = std::copy_n(pixel, 3, to);
    if (!opaque) *to++ = pixel[3];
  }
  image.channels = static_cast<int>(channels);
  image.pixels.resize(image.pixels.size() / 4 * channels);
  return image;
}

namespace {

bool has_known_start(std::span<const std::uint8_t> start) {
  return is_png(start) || is_jpeg(start) || is_webp(start) || is_gif(start) || is_tiff(start) ||
         is_pnm(start) || is_bmp(start);
}

}  // namespace

bool may_be_image(std::span<const std::uint8_t> start) {
  if (start.size() < 18 || has_known_start(start)) return true;
  const int kind = start[2] & ~8;  // 8: in runs
  const bool tga = start[1] <= 1 && start[2] < 16 && kind >= 1 && kind <= 3;
  return tga && (start[12] | start[13]) != 0 && (start[14] | start[15]) != 0;
}

bool is_image_file(const std::string& path) {
  try {
    return has_known_start(read_file_start(path, 64));
  } catch (const Error&) {
    return false;
  }
}

Image read_image_bytes(std::span<const std::uint8_t> bytes, const std::string& name) {
  require(!bytes.empty(), name, ": the file is empty");
  if (is_pnm(bytes)) return decode_pnm(bytes, name);
  if (is_gif(bytes)) return decode_gif(bytes, name);
  if (is_tiff(bytes)) return decode_tiff(bytes, name);
  const int orientation = stored_orientation(bytes);
  if (is_jpeg(bytes)) return apply_orientation(decode_jpeg(bytes, name), orientation);
  if (is_webp(bytes)) return apply_orientation(decode_webp(bytes, name), orientation);
  if (is_bmp(bytes)) return decode_stb(mended_bmp(bytes, name), name);
  if (!is_png(bytes)) return decode_stb(bytes, name);
  require_png_chunks(bytes, name);
  return apply_orientation(decode_stb(with_full_png_palette(bytes), name), orientation);
}

Image read_image(const std::string& path) {
  return read_image_bytes(read_file(path, max_file_size), path);
}

Image to_grey(const Image& image) {
  require_image(image, "to_grey");
  Image out{image.width, image.height, 1, {}};
  out.pixels.resize(std::size_t(image.width) * image.height);
  const std::uint8_t* p = image.pixels.data();
  for (std::uint8_t& grey : out.pixels) {
    const int r = over_white(p, image.channels, 0);
    const int g = over_white(p, image.channels, 1), b = over_white(p, image.channels, 2);
    grey = static_cast<std::uint8_t>((19595 * r + 38470 * g + 7471 * b + 32768) >> 16);
    p += image.channels;
  }
  return out;
}

Image to_rgb(const Image& image) {
  require_image(image, "to_rgb");
  Image out{image.width, image.height, 3, {}};
  out.pixels.resize(std::size_t(image.width) * image.height * 3);
  std::uint8_t* to = out.pixels.data();
  for (std::size_t i = 0; i < image.pixels.size(); i += static_cast<std::size_t>(image.channels))
    for (int c = 0; c < 3; ++c)
      *to++ = static_cast<std::uint8_t>(over_white(&image.pixels[i], image.channels, c));
  return out;
}

Image resize(const Image& image, int width, int height) {
  require_image(image, "resize");
  require_image_size(width, height, "resize");
  if (width == image.width && height == image.height) return image;
  const int channels = image.channels;
  const std::vector<Taps> across = triangle_taps(image.width, width);
  const std::vector<Taps> down = triangle_taps(image.height, height);
  const std::size_t out_stride = std::size_t(width) * channels;
  const std::size_t in_stride = std::size_t(image.width) * channels;

  // Scaled input rows wait in a ring for the output rows that need them.
  std::size_t ring_rows = 1;
  for (const Taps& t : down) ring_rows = std::max(ring_rows, t.weights.size());
  std::vector<float> ring(ring_rows * out_stride), sum(out_stride);
  Image out{width, height, channels, std::vector<std::uint8_t>(out_stride * height)};
  int next = 0;
  for (int y = 0; y < height; ++y) {
    const Taps& t = down[static_cast<std::size_t>(y)];
    const int last = t.first + static_cast<int>(t.weights.size());
    for (next = std::max(next, t.first); next < last; ++next)
      resize_row(&image.pixels[std::size_t(next) * in_stride], channels, across,
                 &ring[next % ring_rows * out_stride]);
    std::fill(sum.begin(), sum.end(), 0.0f);
    for (int j = t.first; j < last; ++j) {
      const float w = t.weights[static_cast<std::size_t>(j - t.first)];
      const float* row = &ring[j % ring_rows * out_stride];
      for (std::size_t i = 0; i < out_stride; ++i) sum[i] += w * row[i];
    }
    store_row(sum, channels, &out.pixels[std::size_t(y) * out_stride]);
  }
  return out;
}

void write_png(const std::string& path, const Image& image) {
  write_file_atomically(path, encode_png(image));
}

}  // namespace fovea
