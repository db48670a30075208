#include <gif_lib.h>

#include <cmath>
#include <cstring>
#include <memory>

#include "core/error.h"
#include "data/codecs/gif.h"
#include "data/codecs/palette.h"
#include "data/drawing/canvas.h"
#include "tests/catch.h"
#include "tests/temp_dir.h"

using namespace fovea;

namespace {

constexpr Colour black = {0, 0, 0}, white = {255, 255, 255}, accent = {255, 176, 32};

Image grey_picture(int width, int height, std::uint8_t value) {
  return {width, height, 1, std::vector<std::uint8_t>(width * height, value)};
}

Image striped_frame() {
  Image frame = make_canvas(300, 200, black);
  for (int i = 0; i < 20; ++i) draw_line(frame, {0, 10.0 * i}, {300, 7.0 * i}, 3, accent);
  return frame;
}

/// What a viewer shows, frame by frame, decoded by giflib.
struct Animation {
  std::vector<Image> frames;
  std::vector<int> delays;  // in hundredths of a second
  bool loops = false;
};

Animation read_gif(const std::string& path) {
  int code = 0;
  std::unique_ptr<GifFileType, void (*)(GifFileType*)> gif(
      DGifOpenFileName(path.c_str(), &code), [](GifFileType* g) { DGifCloseFile(g, nullptr); });
  REQUIRE(gif);
  REQUIRE(DGifSlurp(gif.get()) == GIF_OK);
  Animation out;
  Image screen = make_canvas(gif->SWidth, gif->SHeight, black);
  for (int f = 0; f < gif->ImageCount; ++f) {
    const SavedImage& saved = gif->SavedImages[f];
    GraphicsControlBlock control;
    REQUIRE(DGifSavedExtensionToGCB(gif.get(), f, &control) == GIF_OK);
    out.delays.push_back(control.DelayTime);
    for (int i = 0; i < saved.ExtensionBlockCount; ++i) {
      const ExtensionBlock& block = saved.ExtensionBlocks[i];
      if (block.Function == APPLICATION_EXT_FUNC_CODE && block.ByteCount == 11)
        out.loops = f == 0 && std::memcmp(block.Bytes, "NETSCAPE2.0", 11) == 0;
    }
    const GifImageDesc& d = saved.ImageDesc;
    for (int y = 0; y < d.Height; ++y)
      for (int x = 0; x < d.Width; ++x) {
        const int index = saved.RasterBits[y * d.Width + x];
        if (index == control.TransparentColor) continue;
        const GifColorType c = gif->SColorMap->Colors[index];
        blend_pixel(screen, d.Left + x, d.Top + y, {c.Red, c.Green, c.Blue}, 1);
      }
    out.frames.push_back(screen);
  }
  return out;
}

}  // namespace

TEST_CASE("a palette keeps few colours exactly and many nearly", "[gif]") {
  Image few = make_canvas(10, 10, {10, 20, 30});
  fill_rectangle(few, 0, 0, 1, 1, accent);
  Palette exact(std::span(&few, 1), 8);
  CHECK(exact.colours().size() == 2);
  CHECK(exact.colours()[exact.nearest(accent)] == accent);

  Image many = make_canvas(256, 64, accent);
  for (int y = 0; y < 32; ++y)
    for (int x = 0; x < 256; ++x) {
      const auto v = static_cast<std::uint8_t>(x);
      blend_pixel(many, x, y, {v, v, v}, 1);
    }
  Palette grey(std::span(&many, 1), 32);
  CHECK(grey.colours().size() == 32);
  CHECK(grey.colours()[grey.nearest(accent)] == accent);
  for (int v = 0; v < 256; ++v) {
    const auto u = static_cast<std::uint8_t>(v);
    CHECK(std::abs(grey.colours()[grey.nearest({u, u, u})].g - v) <= 12);
  }
  CHECK_THROWS_AS(Palette({}, 8), Error);
}

TEST_CASE("an animation reads back as it was added", "[gif]") {
  const fovea::testing::TempDir folder;
  const std::string path = folder.file("a.gif");
  std::vector<Image> frames;
  GifWriter gif;
  for (int f = 0; f < 5; ++f) {
    Image frame = make_canvas(40, 30, {13, 17, 23});
    fill_rectangle(frame, 3 * f, 2 * f, 10, 10, accent);
    draw_text(frame, 2, 15, cat(f / 2), white);  // frames 1 and 3 keep the text of the one before
    frames.push_back(frame);
    gif.add(frame, f == 4 ? 2000 : 125);
  }
  gif.add(frames.back(), 0);  // nothing changes
  frames.push_back(frames.back());
  gif.write(path);
  CHECK(gif.frame_count() == 6);

  const Animation read = read_gif(path);
  CHECK(read.loops);
  CHECK(read.delays == std::vector<int>{13, 13, 13, 13, 200, 2});
  REQUIRE(read.frames.size() == frames.size());
  for (std::size_t f = 0; f < frames.size(); ++f) CHECK(read.frames[f].pixels == frames[f].pixels);
  CHECK(gif.encode() == gif.encode());
}

TEST_CASE("animations store changes only", "[gif]") {
  GifWriter still, one;
  const Image frame = striped_frame();
  one.add(frame, 100);
  for (int f = 0; f < 40; ++f) still.add(frame, 100);
  CHECK(still.encode().size() < one.encode().size() + 40 * 40);
}

TEST_CASE("animations refuse frames that do not fit", "[gif]") {
  GifWriter gif;
  CHECK_THROWS_AS(gif.encode(), Error);
  gif.add(grey_picture(4, 5, 9), 100);
  CHECK_THROWS_WITH(gif.add(grey_picture(5, 4, 9), 100),
                    "gif: frame 1 has 5 x 4 pixels, the first one 4 x 5");
  CHECK_THROWS_AS(gif.add({4, 5, 4, std::vector<std::uint8_t>(80)}, 100), Error);
  CHECK_THROWS_AS(gif.add({4, 5, 3, {}}, 100), Error);
  CHECK_THROWS_AS(gif.add(grey_picture(4, 5, 9), -1), Error);
  CHECK_THROWS_AS(GifWriter(1), Error);
  CHECK_THROWS_AS(gif.write("/nonexistent/folder/a.gif"), Error);
  CHECK(gif.frame_count() == 1);
}
