#include "data/codecs/gif.h"

#include <gif_lib.h>

#include <algorithm>
#include <bit>
#include <memory>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "data/codecs/palette.h"

namespace fovea {
namespace {

struct Closer {
  void operator()(GifFileType* gif) const { EGifCloseFile(gif, nullptr); }
};
using GifFile = std::unique_ptr<GifFileType, Closer>;

void check(int result, const GifFile& gif) {
  if (result == GIF_OK) return;
  const char* reason = GifErrorString(gif->Error);
  fail("gif: cannot encode: ", reason ? reason : "unknown giflib error");
}

/// giflib's output: appends to the string in user_data. No exception may pass through C code.
int append_bytes(GifFileType* gif, const GifByteType* bytes, int count) {
  try {
    static_cast<std::string*>(gif->UserData)
        ->append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(count));
    return count;
  } catch (...) {
    return 0;
  }
}

void put_header(const GifFile& gif, int width, int height, const std::vector<Colour>& colours) {
  const int size = static_cast<int>(std::bit_ceil(colours.size() + 1));  // one is "unchanged"
  std::unique_ptr<ColorMapObject, void (*)(ColorMapObject*)> map(GifMakeMapObject(size, nullptr),
                                                                 GifFreeMapObject);
  require(map != nullptr, "gif: cannot encode: out of memory");
  for (std::size_t i = 0; i < colours.size(); ++i)
    map->Colors[i] = {colours[i].r, colours[i].g, colours[i].b};
  EGifSetGifVersion(gif.get(), true);
  check(EGifPutScreenDesc(gif.get(), width, height, map->BitsPerPixel, 0, map.get()), gif);

  // Netscape's extension, which every viewer knows: block 1, repeat 0 times = for ever.
  const GifByteType forever[] = {1, 0, 0};
  check(EGifPutExtensionLeader(gif.get(), APPLICATION_EXT_FUNC_CODE), gif);
  check(EGifPutExtensionBlock(gif.get(), 11, "NETSCAPE2.0"), gif);
  check(EGifPutExtensionBlock(gif.get(), sizeof forever, forever), gif);
  check(EGifPutExtensionTrailer(gif.get()), gif);
  check(EGifPutComment(gif.get(), "Fovea"), gif);  // who made it
}

using Indices = std::vector<GifPixelType>;

struct Region {
  int left, top, right, bottom;  // the last two are one past the end
};

/// The rectangle around all pixels that differ; a single pixel if none does, as a frame needs one.
Region changed_region(const Indices& before, const Indices& now, int width, int height) {
  Region r{width, height, 0, 0};
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const std::size_t i = static_cast<std::size_t>(y) * width + x;
      if (before[i] == now[i]) continue;
      r.left = std::min(r.left, x), r.right = std::max(r.right, x + 1);
      r.top = std::min(r.top, y), r.bottom = std::max(r.bottom, y + 1);
    }
  return r.right ? r : Region{0, 0, 1, 1};
}

void put_frame(const GifFile& gif, const Indices& before, const Indices& now, int delay,
               int unchanged) {
  const int width = gif->SWidth, height = gif->SHeight;
  const bool first = before.empty();
  const Region r = first ? Region{0, 0, width, height} : changed_region(before, now, width, height);
  GraphicsControlBlock control = {};
  control.DisposalMode = DISPOSE_DO_NOT;
  control.DelayTime = delay;
  control.TransparentColor = first ? NO_TRANSPARENT_COLOR : unchanged;
  GifByteType bytes[4];
  const int size = static_cast<int>(EGifGCBToExtension(&control, bytes));
  check(EGifPutExtension(gif.get(), GRAPHICS_EXT_FUNC_CODE, size, bytes), gif);
  check(EGifPutImageDesc(gif.get(), r.left, r.top, r.right - r.left, r.bottom - r.top, false,
                         nullptr),
        gif);
  Indices row(r.right - r.left);
  for (int y = r.top; y < r.bottom; ++y) {
    for (int x = r.left; x < r.right; ++x) {
      const std::size_t i = static_cast<std::size_t>(y) * width + x;
      const bool same = !first && before[i] == now[i];
      row[x - r.left] = same ? static_cast<GifPixelType>(unchanged) : now[i];
    }
    check(EGifPutLine(gif.get(), row.data(), static_cast<int>(row.size())), gif);
  }
}

}  // namespace

GifWriter::GifWriter(int max_colours) : max_colours_(max_colours) {
  require(max_colours >= 2 && max_colours <= 255, "gif: ", max_colours,
          " colours asked for (2 to 255)");
}

void GifWriter::add(Image frame, int delay_ms) {
  constexpr int max_extent = 65535;  // 16 bits in the file
  require(frame.width > 0 && frame.height > 0 && frame.width <= max_extent &&
              frame.height <= max_extent,
          "gif: a frame of ", frame.width, " x ", frame.height, " pixels");
  require(frame.channels == 1 || frame.channels == 3, "gif: a frame has ", frame.channels,
          " channels instead of 1 or 3");
  require(
      frame.pixels.size() == static_cast<std::size_t>(frame.width) * frame.height * frame.channels,
      "gif: a frame of ", frame.width, " x ", frame.height, " x ", frame.channels, " has ",
      frame.pixels.size(), " bytes");
  if (!frames_.empty())
    require(frame.width == frames_[0].width && frame.height == frames_[0].height, "gif: frame ",
            frames_.size(), " has ", frame.width, " x ", frame.height, " pixels, the first one ",
            frames_[0].width, " x ", frames_[0].height);
  require(delay_ms >= 0 && delay_ms <= 655350, "gif: a delay of ", delay_ms, " ms (0 to 655350)");
  frames_.push_back(std::move(frame));
  delays_.push_back(std::max(2, (delay_ms + 5) / 10));
}

std::string GifWriter::encode() const {
  require(!frames_.empty(), "gif: an animation needs at least one frame");
  Palette palette(frames_, max_colours_);
  const int unchanged = static_cast<int>(palette.colours().size());
  std::string out;
  int code = 0;
  GifFile gif(EGifOpen(&out, append_bytes, &code));
  require(gif != nullptr, "gif: cannot start encoding (giflib error ", code, ")");
  put_header(gif, frames_[0].width, frames_[0].height, palette.colours());

  Indices before, now(static_cast<std::size_t>(frames_[0].width) * frames_[0].height);
  for (std::size_t f = 0; f < frames_.size(); ++f) {
    const Image& frame = frames_[f];
    for (int y = 0; y < frame.height; ++y)
      for (int x = 0; x < frame.width; ++x)
        now[static_cast<std::size_t>(y) * frame.width + x] =
            static_cast<GifPixelType>(palette.nearest(pixel_at(frame, x, y)));
    put_frame(gif, before, now, delays_[f], unchanged);
    before = now;
  }
  code = 0;
  require(EGifCloseFile(gif.release(), &code) == GIF_OK, "gif: cannot finish (giflib error ", code,
          ")");
  return out;
}

void GifWriter::write(const std::string& path) const {
  write_file_atomically(path, encode());
}

}  // namespace fovea
