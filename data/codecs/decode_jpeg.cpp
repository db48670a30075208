// JPEG by libjpeg-turbo, which reads what browsers read: stb_image refuses files without an end
// marker, and takes half a minute for a progressive file of a megabyte with thousands of scans.
#include <turbojpeg.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "core/error.h"
#include "data/codecs/image_codec.h"

namespace fovea {

namespace {

using Bytes = std::span<const std::uint8_t>;
using Handle = std::unique_ptr<void, int (*)(void*)>;

// Every scan walks over the whole image: so many pixels in all, about two seconds.
constexpr std::int64_t most_scanned_pixels = std::int64_t{1} << 31;
constexpr std::int64_t most_scans = 500;  // as djpeg and TurboJPEG advise

bool has_end(Bytes bytes) {
  while (!bytes.empty() && bytes.back() == 0) bytes = bytes.first(bytes.size() - 1);
  return bytes.size() >= 2 && bytes[bytes.size() - 2] == 0xFF && bytes.back() == 0xD9;
}

// At least as many as there are: previews in other segments count, too.
std::int64_t count_marker(Bytes bytes, std::uint8_t marker) {
  std::int64_t count = 0;
  for (std::size_t i = 1; i < bytes.size(); ++i)
    count += bytes[i - 1] == 0xFF && bytes[i] == marker;
  return count;
}

[[noreturn]] void fail_decoding(const Handle& handle, const std::string& name) {
  fail(name, ": damaged, truncated or not supported (", tjGetErrorStr2(handle.get()),
       "); save it again, e.g. as PNG");
}

// Files hold the inks of print inverted (as Adobe writes them): 255 is no ink.
void rgb_from_cmyk(Image& image) {
  std::vector<std::uint8_t> rgb;
  rgb.reserve(image.pixels.size() / 4 * 3);
  for (std::size_t i = 0; i < image.pixels.size(); i += 4)
    for (std::size_t c = 0; c < 3; ++c)
      rgb.push_back(
          static_cast<std::uint8_t>((image.pixels[i + c] * image.pixels[i + 3] + 127) / 255));
  image.pixels = std::move(rgb);
  image.channels = 3;
}

}  // namespace

bool is_jpeg(Bytes bytes) {
  return bytes.size() >= 3 && bytes[0] == 0xFF && bytes[1] == 0xD8 && bytes[2] == 0xFF;
}

Image decode_jpeg(Bytes bytes, const std::string& name) {
  const Handle handle(tjInitDecompress(), tjDestroy);
  require(handle != nullptr, name, ": no memory to decode a JPEG");
  Image image;
  // An end marker of our own keeps the one complaint that harms nobody apart from all others.
  std::vector<std::uint8_t> ended;
  if (count_marker(bytes, 0xD9) == 0 || !has_end(bytes)) {
    ended.assign(bytes.begin(), bytes.end());
    ended.insert(ended.end(), {0xFF, 0xD9});
    if (count_marker(bytes, 0xD9) == 0) image.note = "its end marker is missing; read all the same";
    bytes = ended;
  }
  int sampling = 0, colours = 0;
  const auto size = static_cast<unsigned long>(bytes.size());
  if (tjDecompressHeader3(handle.get(), bytes.data(), size, &image.width, &image.height, &sampling,
                          &colours) != 0)
    fail_decoding(handle, name);
  require_image_size(image.width, image.height, name);
  // 64 pixels take a bit at least, unless they are coded arithmetically.
  const bool arithmetic = count_marker(bytes, 0xC9) + count_marker(bytes, 0xCA) > 0;
  require(arithmetic ||
              std::int64_t{image.width} * image.height <= std::int64_t{512} * std::ssize(bytes),
          name, ": the data end too early; the file is truncated");
  const std::int64_t scans = count_marker(bytes, 0xDA);
  require(scans <= most_scans && scans * image.width * image.height <= most_scanned_pixels, name,
          ": ", scans, " scans of ", image.width, "x", image.height,
          " pixels would take too long; save it again, e.g. as PNG");

  const bool cmyk = colours == TJCS_CMYK || colours == TJCS_YCCK;
  const int format = colours == TJCS_GRAY ? TJPF_GRAY : cmyk ? TJPF_CMYK : TJPF_RGB;
  image.channels = tjPixelSize[format];
  image.pixels.resize(std::size_t(image.width) * image.height * image.channels);
  if (tjDecompress2(handle.get(), bytes.data(), size, image.pixels.data(), image.width, 0,
                    image.height, format, 0) != 0) {
    // Bytes between two segments are nobody's pixels.
    const std::string_view reason = tjGetErrorStr2(handle.get());
    if (tjGetErrorCode(handle.get()) != TJERR_WARNING ||
        reason.find("extraneous bytes") == reason.npos)
      fail_decoding(handle, name);
  }
  if (cmyk) rgb_from_cmyk(image);
  return image;
}

}  // namespace fovea
