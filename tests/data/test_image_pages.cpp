// Files of several pictures: the first is read, and that there are more is said.
#include <tiffio.h>
#include <webp/encode.h>

#include "data/codecs/gif.h"
#include "data/image.h"
#include "tests/catch.h"
#include "tests/dataset_helpers.h"
#include "tests/image_bytes.h"
#include "tests/temp_dir.h"

namespace {

using namespace fovea::testing;
using fovea::Image;

Image grey(int value) {
  return {4, 3, 1, Bytes(12, static_cast<std::uint8_t>(value))};
}

/// Pages of one grey each; `type` is that of all but the first.
std::string tiff_file(const TempDir& dir, int pages, std::uint32_t type) {
  const std::string path = dir.file("x.tif");
  TIFF* file = TIFFOpen(path.c_str(), "w");
  for (int page = 0; page < pages; ++page) {
    TIFFSetField(file, TIFFTAG_SUBFILETYPE, page == 0 ? 0 : type);
    TIFFSetField(file, TIFFTAG_IMAGEWIDTH, 4);
    TIFFSetField(file, TIFFTAG_IMAGELENGTH, 3);
    TIFFSetField(file, TIFFTAG_SAMPLESPERPIXEL, 1);
    TIFFSetField(file, TIFFTAG_BITSPERSAMPLE, 8);
    TIFFSetField(file, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
    TIFFSetField(file, TIFFTAG_ROWSPERSTRIP, 3);
    Image image = grey(10 + page);
    for (int y = 0; y < 3; ++y)
      TIFFWriteScanline(file, &image.pixels[std::size_t(y) * 4], std::uint32_t(y));
    TIFFWriteDirectory(file);
  }
  TIFFClose(file);
  return path;
}

/// An animation of WebP as its container's specification has it.
Bytes animated_webp(int frames) {
  const auto chunk = [](const char* name, const Bytes& payload) {
    Bytes out(name, name + 4);
    for (int i = 0; i < 4; ++i) out.push_back(std::uint8_t(payload.size() >> 8 * i));
    out.insert(out.end(), payload.begin(), payload.end());
    out.resize(out.size() + payload.size() % 2);
    return out;
  };
  Bytes body = {'W', 'E', 'B', 'P'};
  const auto add = [&](const Bytes& bytes) { body.insert(body.end(), bytes.begin(), bytes.end()); };
  add(chunk("VP8X", {2, 0, 0, 0, 3, 0, 0, 2, 0, 0}));  // animated, 4x3
  add(chunk("ANIM", Bytes(6)));
  for (int i = 0; i < frames; ++i) {
    const Bytes rgb(36, std::uint8_t(10 + i));
    std::uint8_t* still = nullptr;
    const std::size_t size = WebPEncodeLosslessRGB(rgb.data(), 4, 3, 12, &still);
    Bytes frame = {0, 0, 0, 0, 0, 0, 3, 0, 0, 2, 0, 0, 100, 0, 0, 0};
    frame.insert(frame.end(), still + 12, still + size);
    WebPFree(still);
    add(chunk("ANMF", frame));
  }
  return chunk("RIFF", body);
}

}  // namespace

TEST_CASE("pages and frames behind the first are left out with a word", "[image][formats]") {
  const TempDir dir;
  const auto note = [](const Image& image) {
    CHECK(image.pixels[0] == 10);
    return image.note;
  };
  const std::string pages = "has several pages, of which the first is read";
  const std::string images = "has several images, of which the first is read";
  CHECK(note(fovea::read_image(tiff_file(dir, 3, 0))) == pages);
  CHECK(note(fovea::read_image(tiff_file(dir, 1, 0))).empty());
  CHECK(note(fovea::read_image(tiff_file(dir, 2, FILETYPE_REDUCEDIMAGE))).empty());  // a preview
  fovea::GifWriter gif;
  gif.add(grey(10), 10);
  gif.write(dir.file("one.gif"));
  CHECK(note(fovea::read_image(dir.file("one.gif"))).empty());
  gif.add(grey(20), 10);
  gif.write(dir.file("two.gif"));
  CHECK(note(fovea::read_image(dir.file("two.gif"))) == images);
  CHECK(note(fovea::read_image_bytes(animated_webp(2), "x")) == images);
  CHECK(note(fovea::read_image_bytes(animated_webp(1), "x")).empty());

  for (int i = 0; i < 12; ++i)  // in a data set
    gif.write(dir.file(fovea::cat(i % 2 ? "a/" : "b/", i, ".gif")));
  CHECK_THAT(stderr_of([&] { fovea::open_dataset(dir.path()); }),
             contains("warning: 10 of 10 images, the first ") && contains(images));
}
