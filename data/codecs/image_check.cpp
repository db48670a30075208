// What stb_image leaves out: PNG checksums, colours beyond a palette, PNM with 16 bits.
#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "core/file.h"
#include "data/codecs/image_codec.h"

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

bool is_bmp(Bytes bytes) {
  return bytes.size() >= 18 && bytes[0] == 'B' && bytes[1] == 'M';
}

void require_raw_pixels(Bytes bytes, int width, int height, const std::string& name) {
  const auto w = static_cast<std::size_t>(width), h = static_cast<std::size_t>(height);
  std::size_t need = 0;
  if (is_bmp(bytes) && bytes.size() >= 30) {
    const std::size_t bits_at = bytes[14] == 12 ? 24 : 28;
    const std::size_t bits = w * (bytes[bits_at] | bytes[bits_at + 1] << 8);
    need = (h - 1) * ((bits + 31) / 32 * 4) + (bits + 7) / 8;  // rows are whole words
  } else if (!is_bmp(bytes) && bytes.size() >= 18) {           // TGA has no signature
    const std::size_t pixel = (bytes[16] + std::size_t{7}) / 8;
    const bool packed = bytes[2] >= 9;  // in runs of up to 128 pixels
    need = packed ? (w * h + 127) / 128 * (1 + pixel) : w * h * pixel;
  }
  require(bytes.size() >= need, name, ": the data end too early; the file is truncated");
}

std::vector<std::uint8_t> with_full_png_palette(Bytes bytes) {
  std::vector<std::uint8_t> out(bytes.begin(), bytes.end());
  for (std::size_t at = 8; at + 12 <= bytes.size();) {
    const std::size_t length = big_endian_32(&bytes[at]);
    if (std::memcmp(&bytes[at + 4], "PLTE", 4) == 0 && length < 768) {
      const auto end = out.begin() + static_cast<std::ptrdiff_t>(at + 8 + length);
      std::fill(end - static_cast<std::ptrdiff_t>(length % 3), end, 0);  // a part of a colour
      out.insert(end, 768 - length, 0);                                  // stb_image reads no CRC
      out[at + 2] = 3, out[at + 3] = 0;                                  // 768 bytes
      break;
    }
    at += length + 12;
  }
  return out;
}

std::vector<std::uint8_t> mended_bmp(Bytes bytes, const std::string& name) {
  std::vector<std::uint8_t> out(bytes.begin(), bytes.end());
  const auto number = [&](std::size_t at, std::size_t count) {
    std::size_t value = 0;
    while (count-- > 0) value = value << 8 | bytes[at + count];
    return value;
  };
  const std::size_t data = number(10, 4), header = number(14, 4);
  const std::size_t bits_at = header == 12 ? 24 : 28, entry = header == 12 ? 3 : 4;
  if (bytes.size() < 34 || data < 14 + header) return out;
  if (header >= 40 && number(bits_at, 2) == 32 && number(30, 4) == 0)
    for (std::size_t at = data + 3; at < out.size(); at += 4) out[at] = 0;
  if (number(bits_at, 2) > 8) return out;
  require(data <= bytes.size(), name, ": the data end too early; the file is truncated");
  const std::size_t colours = (data - 14 - header) / entry;
  if (colours == 0 || colours >= 256) return out;
  const std::size_t missing = (256 - colours) * entry;
  out.insert(out.begin() + static_cast<std::ptrdiff_t>(14 + header + colours * entry), missing, 0);
  for (std::size_t i = 0; i < 4; ++i)
    out[10 + i] = static_cast<std::uint8_t>((data + missing) >> 8 * i);
  return out;
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

}  // namespace fovea
