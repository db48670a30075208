// GIF by giflib; of an animation the first frame, on its canvas.
#include <gif_lib.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>

#include "core/error.h"
#include "data/codecs/image_codec.h"

namespace fovea {

namespace {

using Bytes = std::span<const std::uint8_t>;

struct Closer {
  void operator()(GifFileType* gif) const { DGifCloseFile(gif, nullptr); }
};
using GifFile = std::unique_ptr<GifFileType, Closer>;

int read_bytes(GifFileType* gif, GifByteType* out, int count) {
  Bytes& left = *static_cast<Bytes*>(gif->UserData);
  const std::size_t size = std::min(left.size(), static_cast<std::size_t>(count));
  if (size > 0) std::memcpy(out, left.data(), size);
  left = left.subspan(size);
  return static_cast<int>(size);
}

void check(int result, const GifFile& gif, const std::string& name) {
  if (result == GIF_OK) return;
  const char* reason = GifErrorString(gif->Error);
  fail(name, ": damaged or truncated GIF (", reason ? reason : "no reason given",
       "); save it again, e.g. as PNG");
}

// Goes to the first image; returns the transparent colour, if there is one.
std::optional<int> find_image(const GifFile& gif, const std::string& name) {
  std::optional<int> transparent;
  for (GifRecordType kind = UNDEFINED_RECORD_TYPE;;) {
    check(DGifGetRecordType(gif.get(), &kind), gif, name);
    require(kind != TERMINATE_RECORD_TYPE, name, ": a GIF without an image");
    if (kind == IMAGE_DESC_RECORD_TYPE) break;
    int code = 0;
    GifByteType* block = nullptr;
    check(DGifGetExtension(gif.get(), &code, &block), gif, name);
    while (block != nullptr) {
      GraphicsControlBlock control;
      if (code == GRAPHICS_EXT_FUNC_CODE &&
          DGifExtensionToGCB(block[0], block + 1, &control) == GIF_OK &&
          control.TransparentColor != NO_TRANSPARENT_COLOR)
        transparent = control.TransparentColor;
      check(DGifGetExtensionNext(gif.get(), &block), gif, name);
    }
  }
  check(DGifGetImageDesc(gif.get()), gif, name);
  return transparent;
}

// Whether there is another image behind the first, as far as the file can be read.
bool has_more_images(const GifFile& gif) {
  GifRecordType kind = UNDEFINED_RECORD_TYPE;
  while (DGifGetRecordType(gif.get(), &kind) == GIF_OK && kind == EXTENSION_RECORD_TYPE) {
    int code = 0;
    GifByteType* block = nullptr;
    if (DGifGetExtension(gif.get(), &code, &block) != GIF_OK) return false;
    while (block != nullptr)
      if (DGifGetExtensionNext(gif.get(), &block) != GIF_OK) return false;
  }
  return kind == IMAGE_DESC_RECORD_TYPE;
}

// The order in which an interlaced file stores its rows.
std::vector<int> row_order(int height, bool interlaced) {
  std::vector<int> rows;
  const int starts[] = {0, 4, 2, 1}, steps[] = {8, 8, 4, 2};
  for (int pass = 0; pass < (interlaced ? 4 : 1); ++pass)
    for (int y = interlaced ? starts[pass] : 0; y < height; y += interlaced ? steps[pass] : 1)
      rows.push_back(y);
  return rows;
}

}  // namespace

bool is_gif(Bytes bytes) {
  return bytes.size() >= 6 && (std::memcmp(bytes.data(), "GIF87a", 6) == 0 ||
                               std::memcmp(bytes.data(), "GIF89a", 6) == 0);
}

Image decode_gif(Bytes bytes, const std::string& name) {
  int error = 0;
  const GifFile gif(DGifOpen(&bytes, read_bytes, &error));
  require(gif != nullptr, name, ": damaged or truncated GIF; save it again, e.g. as PNG");
  const std::optional<int> transparent = find_image(gif, name);
  const GifImageDesc& frame = gif->Image;
  // Some writers leave the canvas smaller than what is on it, or zero.
  Image image;
  image.width = std::max(gif->SWidth, frame.Left + frame.Width);
  image.height = std::max(gif->SHeight, frame.Top + frame.Height);
  image.channels = 4;
  require_image_size(image.width, image.height, name);
  require_image_size(frame.Width, frame.Height, name);
  const ColorMapObject* colours = frame.ColorMap ? frame.ColorMap : gif->SColorMap;
  require(colours != nullptr, name, ": a GIF without colours");

  // A code takes at least three bits and stands for at most 4096 pixels.
  require(std::size_t(frame.Width) * frame.Height / 4096 <= bytes.size() * 8 / 3, name,
          ": the data end too early; the file is truncated");
  image.pixels.assign(std::size_t(image.width) * image.height * 4, 0);
  std::vector<GifPixelType> line(static_cast<std::size_t>(frame.Width));
  for (const int y : row_order(frame.Height, frame.Interlace)) {
    check(DGifGetLine(gif.get(), line.data(), frame.Width), gif, name);
    std::uint8_t* to = &image.pixels[(std::size_t(frame.Top + y) * image.width + frame.Left) * 4];
    for (const GifPixelType index : line) {
      const bool known = index < colours->ColorCount;  // others are black, as in browsers
      const GifColorType colour = known ? colours->Colors[index] : GifColorType{0, 0, 0};
      *to++ = colour.Red, *to++ = colour.Green, *to++ = colour.Blue;
      *to++ = transparent == index ? 0 : 255;
    }
  }
  image = without_idle_channels(std::move(image));
  if (has_more_images(gif)) image.note = "has several images, of which the first is read";
  return image;
}

}  // namespace fovea
