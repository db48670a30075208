// Pictures as files of formats that the library only reads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/image.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#include <stb/stb_image_write.h>
#pragma GCC diagnostic pop

namespace fovea::testing {

using Bytes = std::vector<std::uint8_t>;

inline void append_bytes(void* out, void* data, int size) {
  auto* bytes = static_cast<std::uint8_t*>(data);
  static_cast<Bytes*>(out)->insert(static_cast<Bytes*>(out)->end(), bytes, bytes + size);
}

/// Files in memory, of grey or RGB pictures.
inline Bytes jpeg_of(const Image& image) {
  Bytes out;
  stbi_write_jpg_to_func(append_bytes, &out, image.width, image.height, image.channels,
                         image.pixels.data(), 95);
  return out;
}

inline Bytes bmp_of(const Image& image) {
  Bytes out;
  stbi_write_bmp_to_func(append_bytes, &out, image.width, image.height, image.channels,
                         image.pixels.data());
  return out;
}

inline Bytes tga_of(const Image& image, bool rle) {
  Bytes out;
  stbi_write_tga_with_rle = rle;
  stbi_write_tga_to_func(append_bytes, &out, image.width, image.height, image.channels,
                         image.pixels.data());
  return out;
}

/// PGM (P5) of a grey picture, PPM (P6) of an RGB one.
inline Bytes pnm_of(const Image& image) {
  const std::string head = (image.channels == 1 ? "P5\n" : "P6\n") + std::to_string(image.width) +
                           " " + std::to_string(image.height) + "\n255\n";
  Bytes out(head.begin(), head.end());
  out.insert(out.end(), image.pixels.begin(), image.pixels.end());
  return out;
}

}  // namespace fovea::testing
