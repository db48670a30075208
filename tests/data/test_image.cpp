#include <sys/stat.h>
#include <turbojpeg.h>
#include <unistd.h>
#include <zlib.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>

#include "core/error.h"
#include "data/image.h"
#include "tests/catch.h"
#include "tests/image_bytes.h"

namespace {

using fovea::Error;
using fovea::Image;
using namespace fovea::testing;

Image pattern(int width, int height, int channels) {
  Image image{width, height, channels, {}};
  for (int i = 0; i < width * height * channels; ++i)
    image.pixels.push_back(static_cast<std::uint8_t>(i * 37 + i / 7 * 11));
  return image;
}

Bytes text(const std::string& s) {
  return {s.begin(), s.end()};
}

void big_endian(Bytes& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8)
    out.push_back(static_cast<std::uint8_t>(value >> shift));
}

void chunk(Bytes& out, const std::string& type, const Bytes& data) {
  big_endian(out, static_cast<std::uint32_t>(data.size()));
  Bytes body = text(type);
  body.insert(body.end(), data.begin(), data.end());
  out.insert(out.end(), body.begin(), body.end());
  big_endian(out, static_cast<std::uint32_t>(crc32(0, body.data(), uInt(body.size()))));
}

// A PNG from its parts; `rows` are the filter byte and samples of each row, before compression.
Bytes png(int width, int height, int depth, int colour_type, const Bytes& rows,
          const Bytes& palette = {}, const Bytes& transparency = {}) {
  Bytes out = text("\x89PNG\r\n\x1a\n"), header;
  big_endian(header, static_cast<std::uint32_t>(width));
  big_endian(header, static_cast<std::uint32_t>(height));
  for (const int value : {depth, colour_type, 0, 0, 0})
    header.push_back(static_cast<std::uint8_t>(value));
  chunk(out, "IHDR", header);
  if (!palette.empty()) chunk(out, "PLTE", palette);
  if (!transparency.empty()) chunk(out, "tRNS", transparency);
  uLongf size = compressBound(rows.size());
  Bytes packed(size);
  compress(packed.data(), &size, rows.data(), rows.size());
  packed.resize(size);
  chunk(out, "IDAT", packed);
  chunk(out, "IEND", {});
  return out;
}

Image decode(const Bytes& bytes) {
  return fovea::read_image_bytes(bytes, "x");
}

std::string message_of(const std::function<void()>& run) {
  try {
    run();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::string decode_error(const Bytes& bytes) {
  return message_of([&] { decode(bytes); });
}

using fovea::testing::contains;

}  // namespace

TEST_CASE("PNG round trip with 1 to 4 channels") {
  for (int channels = 1; channels <= 4; ++channels) {
    const Image image = pattern(13, 9, channels);
    const Image back = decode(fovea::encode_png(image));
    CHECK(back.width == 13);
    CHECK(back.height == 9);
    CHECK(back.channels == channels);
    CHECK(back.pixels == image.pixels);
  }
}

TEST_CASE("BMP, TGA and JPEG are read") {
  const Image image = pattern(10, 6, 3);
  CHECK(decode(bmp_of(image)).pixels == image.pixels);
  CHECK(decode(tga_of(image, false)).pixels == image.pixels);
  CHECK(decode(tga_of(image, true)).pixels == image.pixels);
  const Image grey{16, 8, 1, Bytes(128, 77)};
  const Image jpeg = decode(jpeg_of(grey));
  CHECK((jpeg.width == 16 && jpeg.height == 8));
  CHECK(std::abs(jpeg.pixels[50] - 77) <= 1);
}

TEST_CASE("16 bits, palettes, transparency become 8-bit channels") {
  const Image deep = decode(png(2, 1, 16, 0, {0, 0x12, 0x34, 0xFE, 0xDC}));
  CHECK((deep.channels == 1 && deep.pixels == Bytes{0x12, 0xFE}));
  const Bytes palette = {255, 0, 0, 0, 255, 0};
  const Image indexed = decode(png(2, 1, 8, 3, {0, 1, 0}, palette));
  CHECK((indexed.channels == 3 && indexed.pixels == Bytes{0, 255, 0, 255, 0, 0}));
  const Image see_through = decode(png(2, 1, 8, 3, {0, 1, 0}, palette, {10, 200}));
  CHECK((see_through.channels == 4 && see_through.pixels == Bytes{0, 255, 0, 200, 255, 0, 0, 10}));
  const Image bits = decode(png(8, 1, 1, 0, {0, 0b10100000}));
  CHECK(bits.pixels == Bytes{255, 0, 255, 0, 0, 0, 0, 0});
}

TEST_CASE("PNM: comments, any maximum, 16 bits") {
  CHECK(decode(text("P5 # a comment\n3 1\n# more\n15\n\x01\x0f\x05")).pixels == Bytes{17, 255, 85});
  Bytes deep = text("P5 2 1 65535\n");
  deep.insert(deep.end(), {0x12, 0x34, 0xFF, 0xFF});
  CHECK(decode(deep).pixels == Bytes{0x12, 255});
  const Image colour = decode(text("P6 1 1 255\nabc"));
  CHECK((colour.channels == 3 && colour.pixels == text("abc")));
  CHECK_THAT(decode_error(text("P5 1 1 0\nx")), contains("maximum"));
  CHECK_THAT(decode_error(text("P5 1 1 70000\nxx")), contains("maximum"));
  CHECK_THAT(decode_error(text("P5 0 1 255\nx")), contains("no pixels"));
  CHECK_THAT(decode_error(text("P5 99999999999999999999 1 255\nx")), contains("more than"));
}

TEST_CASE("every truncated image is an error") {
  const Image image = pattern(12, 10, 3);
  for (const Bytes& whole :
       {fovea::encode_png(image), jpeg_of(image), bmp_of(image), tga_of(image, false),
        tga_of(image, true), text("P5 2 3 255\nabcdef")}) {
    REQUIRE(decode_error(whole) == "");
    const bool jpeg = whole[0] == 0xFF;  // is read without the two bytes of its end marker
    for (std::size_t size = 0; size < whole.size() - (jpeg ? 2 : 0); ++size) {
      INFO("first bytes " << int(whole[0]) << " " << int(whole[1]) << ", cut to " << size << " of "
                          << whole.size());
      REQUIRE(decode_error({whole.begin(), whole.begin() + std::ptrdiff_t(size)}) != "");
    }
  }
}

TEST_CASE("any flipped bit of a PNG is an error") {
  const Bytes whole = fovea::encode_png(pattern(5, 4, 3));
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    Bytes damaged = whole;
    damaged[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    INFO("bit " << bit);
    REQUIRE(decode_error(damaged) != "");
  }
  Bytes damaged = whole;
  damaged[45] ^= 1;
  CHECK_THAT(decode_error(damaged), contains("wrong CRC in the PNG chunk at byte 33"));
}

TEST_CASE("a JPEG whose Huffman tables are too large is refused") {
  Bytes jpeg = jpeg_of(pattern(8, 8, 1));
  const Bytes table = {0xFF, 0xC4};
  const auto found = std::search(jpeg.begin(), jpeg.end(), table.begin(), table.end());
  REQUIRE(found != jpeg.end());
  std::fill_n(found + 5, 16, std::uint8_t{255});
  CHECK_THAT(decode_error(jpeg), contains("Bogus Huffman table"));
}

TEST_CASE("huge declared sizes are refused before decoding") {
  Bytes tga(18);
  tga[2] = 2, tga[12] = tga[14] = 23169 & 255, tga[13] = tga[15] = 23169 >> 8, tga[16] = 24;
  CHECK_THAT(decode_error(tga), contains("23169x23169"));
  CHECK_THAT(decode_error(png(40000, 1, 8, 0, Bytes(40001))), contains("large"));
  CHECK_THAT(decode_error(text("P5 30000 30000 255\nx")), contains("30000x30000"));
  // A PNG of one pixel whose data go on and on.
  CHECK_THAT(decode_error(png(1, 1, 8, 0, Bytes(64 << 20))), contains("outofmem"));
}

TEST_CASE("files that are no images are named with the reason") {
  const std::string folder =
      (std::filesystem::temp_directory_path() / fovea::cat("fovea_image_", getpid())).string();
  std::filesystem::create_directory(folder);
  const auto error_of = [](const std::string& path) {
    return message_of([&] { fovea::read_image(path); });
  };
  CHECK_THAT(error_of(folder + "/missing.png"), contains("missing.png"));
  CHECK_THAT(error_of(folder), contains(folder));
  REQUIRE(mkfifo((folder + "/pipe").c_str(), 0600) == 0);
  CHECK_THAT(error_of(folder + "/pipe"), contains("pipe"));
  std::ofstream(folder + "/empty.png").flush();
  CHECK_THAT(error_of(folder + "/empty.png"), contains("empty"));
  std::ofstream(folder + "/page.png") << "<html>404 not found</html>";
  CHECK_THAT(error_of(folder + "/page.png"), contains("page.png: not a PNG, JPEG"));

  const Image image = pattern(7, 5, 3);
  fovea::write_png(folder + "/ok.png", image);
  CHECK(fovea::read_image(folder + "/ok.png").pixels == image.pixels);
  CHECK_THROWS_AS(fovea::write_png(folder + "/no/such/folder.png", image), Error);
  std::filesystem::remove_all(folder);
}

TEST_CASE("grey and RGB, transparent pixels over white") {
  CHECK(fovea::to_grey({3, 1, 3, {255, 0, 0, 0, 255, 0, 0, 0, 255}}).pixels == Bytes{76, 150, 29});
  CHECK(fovea::to_grey({2, 1, 3, {255, 255, 255, 9, 9, 9}}).pixels == Bytes{255, 9});
  CHECK(fovea::to_grey({3, 1, 2, {0, 255, 0, 0, 100, 51}}).pixels == Bytes{0, 255, 224});
  CHECK(fovea::to_grey({1, 1, 4, {0, 0, 0, 0}}).pixels == Bytes{255});
  CHECK(fovea::to_rgb({2, 1, 1, {5, 6}}).pixels == Bytes{5, 5, 5, 6, 6, 6});
  CHECK(fovea::to_rgb({1, 1, 4, {10, 20, 30, 0}}).pixels == Bytes{255, 255, 255});
  CHECK_THROWS_AS(fovea::to_grey({2, 2, 1, {1, 2, 3}}), Error);
  CHECK_THROWS_AS(fovea::to_grey({1, 1, 5, {1, 2, 3, 4, 5}}), Error);
  CHECK_THROWS_AS(fovea::encode_png({}), Error);
}

TEST_CASE("resize keeps flat areas and means, and does not alias") {
  const Image flat{50, 40, 1, Bytes(2000, 93)};
  for (const auto& [w, h] : {std::pair{7, 5}, {99, 81}, {1, 1}, {50, 3}}) {
    const Image out = fovea::resize(flat, w, h);
    CHECK((out.width == w && out.height == h));
    CHECK(out.pixels == Bytes(std::size_t(w * h), 93));
  }
  Image stripes{64, 64, 1, {}};
  for (int i = 0; i < 64 * 64; ++i) stripes.pixels.push_back(i % 2 ? 255 : 0);
  for (const std::uint8_t v : fovea::resize(stripes, 9, 9).pixels) CHECK(std::abs(v - 127) <= 14);
  // Pillow: Image.fromarray([[0, 100]]).resize((4, 1), BILINEAR) is 0 25 75 100.
  CHECK(fovea::resize({2, 1, 1, {0, 100}}, 4, 1).pixels == Bytes{0, 25, 75, 100});
  const Image same = pattern(6, 5, 3);
  CHECK(fovea::resize(same, 6, 5).pixels == same.pixels);
  // The colour of invisible pixels does not show.
  const Image half = fovea::resize({2, 1, 4, {200, 0, 0, 255, 0, 255, 0, 0}}, 1, 1);
  CHECK(half.pixels == Bytes{200, 0, 0, 128});
  CHECK_THROWS_AS(fovea::resize(same, 0, 5), Error);
  CHECK_THROWS_AS(fovea::resize(same, 40000, 5), Error);
}

TEST_CASE("a JPEG of print's four inks is RGB", "[image]") {
  // Inverted, as Adobe writes them: 255 is no ink. 16x16 pixels of one colour lose next to nothing.
  std::vector<std::uint8_t> inks;
  for (int i = 0; i < 256; ++i) inks.insert(inks.end(), {200, 100, 50, 128});
  unsigned char* out = nullptr;
  unsigned long size = 0;
  const tjhandle packer = tjInitCompress();
  REQUIRE(tjCompress2(packer, inks.data(), 16, 64, 16, TJPF_CMYK, &out, &size, TJSAMP_444, 100,
                      0) == 0);
  const Image image = decode(Bytes(out, out + size));
  tjFree(out);
  tjDestroy(packer);
  REQUIRE(image.channels == 3);
  const int expected[] = {100, 50, 25};
  for (std::size_t i = 0; i < image.pixels.size(); ++i)
    CHECK(std::abs(image.pixels[i] - expected[i % 3]) <= 2);
}

TEST_CASE("the unused byte of a BMP of 32 bits is no alpha", "[image]") {
  Bytes bmp = {'B', 'M', 0, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40,
               0,   0,   0, 2, 0, 0, 0, 1, 0, 0, 0,  1, 0, 32};
  bmp.resize(54);
  bmp.insert(bmp.end(), {10, 20, 30, 0, 40, 50, 60, 7});
  CHECK(to_rgb(fovea::read_image_bytes(bmp, "x")).pixels == Bytes{30, 20, 10, 60, 50, 40});
}
