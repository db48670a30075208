// Which way up a picture is stored: EXIF in JPEG, PNG and WebP (CIPA DC-008, tag 0x0112).
#include <algorithm>
#include <cstring>

#include "data/codecs/image_codec.h"

namespace fovea {

namespace {

using Bytes = std::span<const std::uint8_t>;

std::size_t big_endian(Bytes bytes, std::size_t at, int count) {
  std::size_t value = 0;
  for (int i = 0; i < count; ++i) value = value << 8 | bytes[at + static_cast<std::size_t>(i)];
  return value;
}

bool starts_with(Bytes bytes, const char* text, std::size_t size) {
  return bytes.size() >= size && std::memcmp(bytes.data(), text, size) == 0;
}

int jpeg_orientation(Bytes jpeg) {
  for (std::size_t at = 2; at + 4 <= jpeg.size() && jpeg[at] == 0xFF && jpeg[at + 1] != 0xDA;) {
    const std::uint8_t marker = jpeg[at + 1];
    if (marker == 0xFF || marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8)) {
      at += marker == 0xFF ? 1 : 2;  // fill bytes, and markers without a segment
      continue;
    }
    const std::size_t length = big_endian(jpeg, at + 2, 2);  // counts its own two bytes
    if (length < 2 || length + 2 > jpeg.size() - at) return 1;
    const Bytes payload = jpeg.subspan(at + 4, length - 2);
    if (marker == 0xE1 && starts_with(payload, "Exif\0", 5)) return exif_orientation(payload);
    at += length + 2;
  }
  return 1;
}

int png_orientation(Bytes png) {
  for (std::size_t at = 8; at + 12 <= png.size();) {
    const std::size_t length = big_endian(png, at, 4);
    if (length > png.size() - at - 12) return 1;
    if (std::memcmp(&png[at + 4], "eXIf", 4) == 0)
      return exif_orientation(png.subspan(at + 8, length));
    at += length + 12;
  }
  return 1;
}

}  // namespace

int exif_orientation(Bytes exif) {
  if (starts_with(exif, "Exif\0", 5) && exif.size() > 6) exif = exif.subspan(6);
  if (exif.size() < 8 || (!starts_with(exif, "II", 2) && !starts_with(exif, "MM", 2))) return 1;
  const bool little = exif[0] == 'I';
  const auto number = [&](std::size_t at, int bytes) {
    std::size_t value = 0;
    for (int i = 0; i < bytes; ++i)
      value = value << 8 | exif[at + static_cast<std::size_t>(little ? bytes - 1 - i : i)];
    return value;
  };
  const std::size_t directory = number(4, 4);
  if (directory > exif.size() - 2) return 1;
  const std::size_t entries = number(directory, 2);
  for (std::size_t i = 0, at = directory + 2; i < entries && at + 12 <= exif.size(); ++i, at += 12)
    if (number(at, 2) == 0x0112) {
      // A number of 1, 2 or 4 bytes (BYTE, SHORT, LONG): cameras write SHORT, some editors others.
      const std::size_t type = number(at + 2, 2);
      const std::size_t value = number(at + 8, type == 1 ? 1 : type == 4 || type == 9 ? 4 : 2);
      return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
    }
  return 1;
}

int stored_orientation(Bytes bytes) {
  if (is_jpeg(bytes)) return jpeg_orientation(bytes);
  if (is_png(bytes)) return png_orientation(bytes);
  return is_webp(bytes) ? webp_orientation(bytes) : 1;
}

Image apply_orientation(Image image, int orientation) {
  if (orientation <= 1) return image;
  const bool transpose = orientation >= 5;
  const bool mirror_x =
      orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool mirror_y =
      orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  Image out = image;
  if (transpose) std::swap(out.width, out.height);
  const std::size_t channels = static_cast<std::size_t>(image.channels);
  std::uint8_t* to = out.pixels.data();
  for (int y = 0; y < out.height; ++y)
    for (int x = 0; x < out.width; ++x, to += channels) {
      // Mirroring is along the axes of the stored image.
      int from_x = transpose ? y : x, from_y = transpose ? x : y;
      if (mirror_x) from_x = image.width - 1 - from_x;
      if (mirror_y) from_y = image.height - 1 - from_y;
      std::copy_n(&image.pixels[(std::size_t(from_y) * image.width + from_x) * channels], channels,
                  to);
    }
  return out;
}

}  // namespace fovea
