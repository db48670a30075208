// stb_image and stb_image_write, compiled once and fenced in. Its authors advise it for trusted
// files; so: only the formats needed, sizes checked first, memory limited and cleared, reads past
// the end noticed (stb takes them as zeros).
#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

#include "core/error.h"
#include "core/file.h"
#include "data/codecs/image_codec.h"

namespace fovea {
namespace {

// The largest single allocation that an image of the size in its header can need. A PNG whose
// compressed data go on for gigabytes stops here.
thread_local std::size_t allocation_limit = 0;

// Cleared, because stb may read what a damaged file never defined.
void* limited_malloc(std::size_t size) {
  return size <= allocation_limit ? std::calloc(size, 1) : nullptr;
}

void* limited_realloc(void* old, std::size_t size) {
  return size <= allocation_limit ? std::realloc(old, size) : nullptr;
}

[[noreturn]] void assertion_failed() {
  fail("image decoder: internal check failed (damaged file)");
}

// zlib packs better than stb's own compressor. The result is freed by stb with free().
unsigned char* zlib_compress(unsigned char* data, int size, int* out_size, int quality) {
  uLongf packed = compressBound(static_cast<uLong>(size));
  auto* out = static_cast<unsigned char*>(std::malloc(packed));
  if (!out || compress2(out, &packed, data, static_cast<uLong>(size), quality) != Z_OK) {
    std::free(out);
    return nullptr;
  }
  *out_size = static_cast<int>(packed);
  return out;
}

}  // namespace
}  // namespace fovea

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_PNG
#define STBI_ONLY_BMP
#define STBI_ONLY_TGA
#define STBI_NO_STDIO
#define STBI_MAX_DIMENSIONS 32768
#define STBI_MALLOC(size) fovea::limited_malloc(size)
#define STBI_REALLOC(old, size) fovea::limited_realloc(old, size)
#define STBI_FREE(memory) std::free(memory)
#define STBI_ASSERT(condition) ((condition) ? void() : fovea::assertion_failed())
#include <stb/stb_image.h>

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#define STBIW_ZLIB_COMPRESS fovea::zlib_compress
#include <stb/stb_image_write.h>
#pragma GCC diagnostic pop

namespace fovea {

namespace {

// Hands bytes to stb and notes whether it wanted more than there are.
struct Reader {
  std::span<const std::uint8_t> bytes;
  std::size_t position = 0;
  char* refill_buffer = nullptr;
  bool past_end = false;

  static int read(void* user, char* out, int size) {
    Reader& self = *static_cast<Reader*>(user);
    const std::size_t count =
        std::min(static_cast<std::size_t>(size), self.bytes.size() - self.position);
    if (count > 0) std::memcpy(out, self.bytes.data() + self.position, count);
    self.position += count;
    // stb first fills its own buffer, and may do so in parts; any other read wants all of it.
    if (!self.refill_buffer) self.refill_buffer = out;
    self.past_end |= out == self.refill_buffer ? count == 0 : count < std::size_t(size);
    return static_cast<int>(count);
  }

  static void skip(void* user, int size) {
    Reader& self = *static_cast<Reader*>(user);
    const std::size_t left = self.bytes.size() - self.position;
    self.position += std::min(static_cast<std::size_t>(std::max(size, 0)), left);
  }

  static int at_end(void* user) {
    const Reader& self = *static_cast<Reader*>(user);
    return self.position == self.bytes.size();
  }
};

constexpr stbi_io_callbacks callbacks = {Reader::read, Reader::skip, Reader::at_end};

[[noreturn]] void fail_decoding(const std::string& name) {
  const std::string reason = stbi_failure_reason() ? stbi_failure_reason() : "no reason given";
  if (reason == "unknown image type")
    fail(name,
         ": not a PNG, JPEG, WebP, GIF, TIFF, BMP, TGA or binary PNM file; convert it to one");
  fail(name, ": damaged or not supported (", reason, "); save it again, e.g. as PNG");
}

}  // namespace

Image decode_stb(std::span<const std::uint8_t> bytes, const std::string& name) {
  Image image;
  allocation_limit = 1 << 20;  // for the header
  Reader header{bytes};
  if (!stbi_info_from_callbacks(&callbacks, &header, &image.width, &image.height,
                                &image.channels)) {
    // It tries one format after the other and forgets why; only decoding keeps the reason.
    Reader again{bytes};
    int width, height, channels;
    stbi_image_free(stbi_load_from_callbacks(&callbacks, &again, &width, &height, &channels, 0));
    fail_decoding(name);
  }
  image.height = std::max(image.height, -image.height);  // a BMP stored from the top
  require_image_size(image.width, image.height, name);
  if (!is_png(bytes)) require_raw_pixels(bytes, image.width, image.height, name);

  // Four 16-bit channels, or the compressed data in a buffer that doubles.
  allocation_limit = std::max((image.width + std::size_t{64}) * (image.height + 64) * 8 + (1 << 20),
                              bytes.size() * 2);
  Reader reader{bytes};
  const std::unique_ptr<stbi_uc, void (*)(void*)> pixels(
      stbi_load_from_callbacks(&callbacks, &reader, &image.width, &image.height, &image.channels,
                               0),
      stbi_image_free);
  require(!reader.past_end, name, ": the data end too early; the file is truncated");
  if (!pixels) fail_decoding(name);
  require_image_size(image.width, image.height, name);
  const std::size_t size = std::size_t(image.width) * image.height * image.channels;
  image.pixels.assign(pixels.get(), pixels.get() + size);
  return image;
}

std::vector<std::uint8_t> encode_png(const Image& image) {
  require_image(image, "encode_png");
  std::vector<std::uint8_t> png;
  const auto append = [](void* out, void* data, int size) {
    const auto* bytes = static_cast<const std::uint8_t*>(data);
    static_cast<std::vector<std::uint8_t>*>(out)->insert(
        static_cast<std::vector<std::uint8_t>*>(out)->end(), bytes, bytes + size);
  };
  const int done = stbi_write_png_to_func(append, &png, image.width, image.height, image.channels,
                                          image.pixels.data(), image.width * image.channels);
  require(done != 0, "encode_png: out of memory for ", image.width, "x", image.height, " pixels");
  // Who made it, as a tEXt chunk (PNG specification, 11.3.4.3) behind IHDR: so that a program can
  // tell its own pictures from those of others.
  static constexpr std::string_view chunk{"\0\0\0\xetEXtSoftware\0Fovea", 22};
  std::vector<std::uint8_t> software(chunk.begin(), chunk.end());
  const std::uint32_t sum = checksum(std::span(software).subspan(4));
  for (int shift = 24; shift >= 0; shift -= 8)
    software.push_back(static_cast<std::uint8_t>(sum >> shift));
  png.insert(png.begin() + 33, software.begin(), software.end());
  return png;
}

}  // namespace fovea
