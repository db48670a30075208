// What stb_image leaves out: PNG checksums, the orientation of JPEG photos, PNM with 16 bits.
#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "core/file.h"
#include "data/image_codec.h"

namespace fovea {

namespace {

using Bytes = std::span<const std::uint8_t>;

std::uint32_t big_endian_32(const std::uint8_t* p) {
  return std::uint32_t{p[0]} << 24 | std::uint32_t{p[1]} << 16 | std::uint32_t{p[2]} << 8 | p[3];
}

// One decimal number of a PNM header, after white space and comments; -1 if there is none.
int pnm_number(Bytes bytes, std::size_t& at) {
  const auto space = [](std::uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (at < bytes.size() && (space(bytes[at]) || bytes[at] == '#')) {
    if (bytes[at] == '#')
      while (at < bytes.size() && bytes[at] != '\n') ++at;
    else
      ++at;
  }
  int value = -1;
  for (; at < bytes.size() && bytes[at] >= '0' && bytes[at] <= '9'; ++at)
    value = std::min(std::max(value, 0) * 10 + bytes[at] - '0', 100'000'000);
  return value;
}

// The orientation in a TIFF block (the payload of EXIF), in either byte order.
int tiff_orientation(Bytes tiff) {
  if (tiff.size() < 8) return 1;
  const bool little = tiff[0] == 'I';
  const auto number = [&](std::size_t at, int bytes) {
    std::size_t value = 0;
    for (int i = 0; i < bytes; ++i)
      value = value << 8 | tiff[at + static_cast<std::size_t>(little ? bytes - 1 - i : i)];
    return value;
  };
  const std::size_t directory = number(4, 4);
  if (directory > tiff.size() - 2) return 1;
  const std::size_t entries = number(directory, 2);
  for (std::size_t i = 0, at = directory + 2; i < entries && at + 12 <= tiff.size(); ++i, at += 12)
    if (number(at, 2) == 0x0112) {
      const std::size_t value = number(at + 8, 2);
      return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
    }
  return 1;
}

}  // namespace

bool is_png(Bytes bytes) {
  return bytes.size() >= 8 && std::memcmp(bytes.data(), "\x89PNG\r\n\x1a\n", 8) == 0;
}

void require_png_chunks(Bytes bytes, const std::string& name) {
  for (std::size_t at = 8;;) {
    require(bytes.size() - at >= 12, name,
            ": the PNG ends before its IEND chunk; the file is truncated");
    const std::size_t length = big_endian_32(&bytes[at]);
    require(length <= bytes.size() - at - 12, name, ": the PNG chunk at byte ", at,
            " ends beyond the file; it is truncated or damaged");
    const std::uint8_t* type = &bytes[at + 4];
    const std::uint32_t crc = checksum(bytes.subspan(at + 4, length + 4));
    require(crc == big_endian_32(type + 4 + length), name, ": wrong CRC in the PNG chunk",
            " at byte ", at, "; the file is damaged");
    if (std::memcmp(type, "IEND", 4) == 0) return;
    at += length + 12;
  }
}

bool is_jpeg(Bytes bytes) {
  return bytes.size() >= 2 && bytes[0] == 0xFF && bytes[1] == 0xD8;
}

void require_jpeg_tables(Bytes bytes, const std::string& name) {
  // The same way through the file as stb_image's, which goes by segments and, in compressed data,
  // from marker to marker.
  for (std::size_t at = 2; at + 4 <= bytes.size();) {
    const int marker = bytes[at] == 0xFF ? bytes[at + 1] : 0xFF;
    if (marker == 0xFF) {
      ++at;
      continue;
    }
    at += 2;
    if (marker == 0xD9) return;  // end of image
    if (marker < 0xC0 || (marker >= 0xD0 && marker <= 0xD8)) continue;
    const std::size_t end = at + (bytes[at] << 8 | bytes[at + 1]);
    require(end <= bytes.size(), name, ": the JPEG segment at byte ", at,
            " ends beyond the file; it is truncated or damaged");
    for (at += 2; marker == 0xC4 && at < end;) {
      require(at + 17 <= bytes.size(), name, ": the JPEG ends inside a table; it is truncated");
      std::size_t symbols = 0;
      for (int i = 1; i <= 16; ++i) symbols += bytes[at + static_cast<std::size_t>(i)];
      require(symbols <= 256, name, ": a Huffman table of ", symbols, " symbols at byte ", at,
              " where 256 are possible; the file is damaged");
      at += 17 + symbols;
    }
    at = std::max(at, end);
  }
}

bool is_pnm(Bytes bytes) {
  return bytes.size() >= 3 && bytes[0] == 'P' && (bytes[1] == '5' || bytes[1] == '6') &&
         (bytes[2] <= ' ' || bytes[2] == '#');
}

Image decode_pnm(Bytes bytes, const std::string& name) {
  std::size_t at = 2;
  Image image;
  image.channels = bytes[1] == '6' ? 3 : 1;
  image.width = pnm_number(bytes, at);
  image.height = pnm_number(bytes, at);
  const int maximum = pnm_number(bytes, at);
  require(image.width >= 0 && image.height >= 0 && maximum >= 1 && maximum <= 65535, name,
          ": the PNM header is not `P5|P6 width height maximum(1..65535)`");
  require_image_size(image.width, image.height, name);
  ++at;  // the single white space after the header
  const std::size_t count = std::size_t(image.width) * image.height * image.channels;
  const std::size_t step = maximum > 255 ? 2 : 1;
  require(at <= bytes.size() && bytes.size() - at >= count * step, name,
          ": the data end too early; the file is truncated");
  image.pixels.resize(count);
  const std::uint8_t* p = bytes.data() + at;
  for (std::size_t i = 0; i < count; ++i, p += step) {
    const int value = std::min(step == 2 ? p[0] << 8 | p[1] : p[0], maximum);
    image.pixels[i] = static_cast<std::uint8_t>((value * 255 + maximum / 2) / maximum);
  }
  return image;
}

int exif_orientation(Bytes jpeg) {
  if (!is_jpeg(jpeg)) return 1;
  for (std::size_t at = 2; at + 4 <= jpeg.size() && jpeg[at] == 0xFF && jpeg[at + 1] != 0xDA;) {
    const std::size_t length = jpeg[at + 2] << 8 | jpeg[at + 3];  // counts its own two bytes
    if (length < 2 || length + 2 > jpeg.size() - at) return 1;
    const Bytes payload = jpeg.subspan(at + 4, length - 2);
    if (jpeg[at + 1] == 0xE1 && payload.size() > 6 && std::memcmp(payload.data(), "Exif\0", 6) == 0)
      return tiff_orientation(payload.subspan(6));
    at += length + 2;
  }
  return 1;
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
