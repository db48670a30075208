// TIFF by libtiff: 1 to 16 bits, grey, palette, RGB, CMYK, every compression it knows; of several
// pages the first.
#include <tiffio.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "core/error.h"
#include "data/codecs/image_codec.h"

namespace fovea {

namespace {

using Bytes = std::span<const std::uint8_t>;

// The file in memory, as libtiff wants to see one.
struct Source {
  Bytes bytes;
  std::uint64_t position = 0;

  static Source& of(thandle_t handle) { return *static_cast<Source*>(handle); }
  static tmsize_t read(thandle_t handle, void* out, tmsize_t size) {
    Source& self = of(handle);
    const std::uint64_t left =
        self.bytes.size() - std::min<std::uint64_t>(self.position, self.bytes.size());
    const auto count = std::min(left, static_cast<std::uint64_t>(std::max<tmsize_t>(size, 0)));
    if (count > 0) std::memcpy(out, self.bytes.data() + self.position, count);
    self.position += count;
    return static_cast<tmsize_t>(count);
  }
  static tmsize_t write(thandle_t, void*, tmsize_t) { return 0; }
  static toff_t seek(thandle_t handle, toff_t offset, int whence) {
    Source& self = of(handle);
    const std::uint64_t base = whence == SEEK_SET   ? 0
                               : whence == SEEK_CUR ? self.position
                                                    : self.bytes.size();
    return self.position = base + offset;
  }
  static int close(thandle_t) { return 0; }
  static toff_t size(thandle_t handle) { return of(handle).bytes.size(); }
};

constexpr std::uint16_t largest_sample_bits = 16;

// Numbers that have no black and white of their own: of measurements, not of pictures.
void require_picture(TIFF* file, std::uint16_t bits, const std::string& name) {
  std::uint16_t format = SAMPLEFORMAT_UINT;
  TIFFGetFieldDefaulted(file, TIFFTAG_SAMPLEFORMAT, &format);
  const char* const kind = format == SAMPLEFORMAT_INT          ? "signed"
                           : format == SAMPLEFORMAT_IEEEFP     ? "floating-point"
                           : format >= SAMPLEFORMAT_COMPLEXINT ? "complex"
                                                               : nullptr;
  require(kind == nullptr, name, ": a TIFF of ", kind ? kind : "",
          " numbers, of which none is black or white; save it with 8 bits a channel");
  require(bits <= largest_sample_bits, name, ": a TIFF of ", bits,
          " bits a channel, at most 16 are read; save it with 8");
}

// What is not compressed must be there before memory is taken for it.
void require_stored(TIFF* file, Bytes bytes, std::uint32_t height, const std::string& name) {
  std::uint16_t compression = COMPRESSION_NONE;
  TIFFGetFieldDefaulted(file, TIFFTAG_COMPRESSION, &compression);
  if (compression != COMPRESSION_NONE || TIFFIsTiled(file)) return;
  require(TIFFScanlineSize64(file) * height <= bytes.size(), name,
          ": the data end too early; the file is truncated");
}

}  // namespace

bool is_tiff(Bytes bytes) {
  return bytes.size() >= 8 &&
         (std::memcmp(bytes.data(), "II*\0", 4) == 0 ||
          std::memcmp(bytes.data(), "MM\0*", 4) == 0 ||
          std::memcmp(bytes.data(), "II+\0", 4) == 0 || std::memcmp(bytes.data(), "MM\0+", 4) == 0);
}

namespace {

// Whether there is another page, and not one that is a preview or a mask of the first.
bool has_more_pages(TIFF* file) {
  for (int i = 0; i < 8 && TIFFReadDirectory(file) != 0; ++i) {
    std::uint32_t type = 0;
    TIFFGetFieldDefaulted(file, TIFFTAG_SUBFILETYPE, &type);
    if ((type & (FILETYPE_REDUCEDIMAGE | FILETYPE_MASK)) == 0) return true;
  }
  return false;
}

}  // namespace

Image decode_tiff(Bytes bytes, const std::string& name) {
  // Its own messages would go to stderr, many lines a file.
  TIFFSetErrorHandler(nullptr);
  TIFFSetWarningHandler(nullptr);
  Source source{bytes};
  const std::unique_ptr<TIFF, void (*)(TIFF*)> file(
      TIFFClientOpen("image", "rm", &source, Source::read, Source::write, Source::seek,
                     Source::close, Source::size, nullptr, nullptr),
      TIFFClose);
  require(file != nullptr, name, ": damaged or truncated TIFF; save it again, e.g. as PNG");
  std::uint32_t width = 0, height = 0;
  std::uint16_t bits = 1, orientation = ORIENTATION_TOPLEFT;
  TIFFGetField(file.get(), TIFFTAG_IMAGEWIDTH, &width);
  TIFFGetField(file.get(), TIFFTAG_IMAGELENGTH, &height);
  TIFFGetFieldDefaulted(file.get(), TIFFTAG_BITSPERSAMPLE, &bits);
  TIFFGetFieldDefaulted(file.get(), TIFFTAG_ORIENTATION, &orientation);
  require_image_size(width, height, name);
  require_picture(file.get(), bits, name);
  require_stored(file.get(), bytes, height, name);

  // As stored, without its turns, which know no quarter; apply_orientation() makes them.
  char reason[1024] = "";
  TIFFRGBAImage reader;
  std::vector<std::uint32_t> raster(std::size_t{width} * height);
  bool good = TIFFRGBAImageOK(file.get(), reason) != 0 &&
              TIFFRGBAImageBegin(&reader, file.get(), 1, reason) != 0;
  if (good) {
    reader.req_orientation = reader.orientation;
    good = TIFFRGBAImageGet(&reader, raster.data(), width, height) != 0;
    TIFFRGBAImageEnd(&reader);
  }
  require(good, name, ": damaged or not supported TIFF", reason[0] ? cat(" (", reason, ")") : "",
          "; save it again, e.g. as PNG");

  Image image{static_cast<int>(width), static_cast<int>(height), 4, {}};
  image.pixels.reserve(raster.size() * 4);
  for (const std::uint32_t pixel : raster) {
    const std::uint32_t alpha = TIFFGetA(pixel);
    // Colours come multiplied by alpha.
    for (const std::uint32_t value : {TIFFGetR(pixel), TIFFGetG(pixel), TIFFGetB(pixel)})
      image.pixels.push_back(static_cast<std::uint8_t>(
          alpha == 0 ? 0 : std::min<std::uint32_t>(255, (value * 255 + alpha / 2) / alpha)));
    image.pixels.push_back(static_cast<std::uint8_t>(alpha));
  }
  image = without_idle_channels(std::move(image));
  if (has_more_pages(file.get())) image.note = "has several pages, of which the first is read";
  return apply_orientation(std::move(image), orientation <= 8 ? orientation : 1);
}

}  // namespace fovea
