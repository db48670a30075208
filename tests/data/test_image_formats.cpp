// Formats by their makers' libraries, which way up pictures are, and files that others read, too.
#include <tiffio.h>
#include <turbojpeg.h>
#include <webp/encode.h>
#include <zlib.h>

#include <algorithm>
#include <cstdlib>

#include "core/error.h"
#include "data/codecs/gif.h"
#include "data/image.h"
#include "tests/catch.h"
#include "tests/image_bytes.h"
#include "tests/temp_dir.h"

namespace {

using fovea::Image;
using namespace fovea::testing;

Image decode(const Bytes& bytes) {
  return fovea::read_image_bytes(bytes, "x");
}

std::string decode_error(const Bytes& bytes) {
  return message_of([&] { decode(bytes); });
}

// 4 x 3, every pixel of another colour; or grey.
Image sample(int channels) {
  Image image{4, 3, channels, {}};
  for (int i = 0; i < 12 * channels; ++i)
    image.pixels.push_back(static_cast<std::uint8_t>(i * 53 % 256));
  return image;
}

Bytes webp_of(const Image& image) {
  std::uint8_t* out = nullptr;
  const std::size_t size = image.channels == 4
                               ? WebPEncodeLosslessRGBA(image.pixels.data(), image.width,
                                                        image.height, image.width * 4, &out)
                               : WebPEncodeLosslessRGB(image.pixels.data(), image.width,
                                                       image.height, image.width * 3, &out);
  Bytes bytes(out, out + size);
  WebPFree(out);
  return bytes;
}

// An uncompressed TIFF through a file, as libtiff writes them.
Bytes tiff_of(const Image& image, int bits = 8, int orientation = 1,
              int format = SAMPLEFORMAT_UINT) {
  const TempDir dir;
  const std::string path = dir.file("x.tif");
  TIFF* file = TIFFOpen(path.c_str(), "w");
  TIFFSetField(file, TIFFTAG_IMAGEWIDTH, image.width);
  TIFFSetField(file, TIFFTAG_IMAGELENGTH, image.height);
  TIFFSetField(file, TIFFTAG_SAMPLESPERPIXEL, image.channels);
  TIFFSetField(file, TIFFTAG_BITSPERSAMPLE, bits);
  TIFFSetField(file, TIFFTAG_ORIENTATION, orientation);
  TIFFSetField(file, TIFFTAG_SAMPLEFORMAT, format);
  TIFFSetField(file, TIFFTAG_COMPRESSION, COMPRESSION_LZW);
  TIFFSetField(file, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
  TIFFSetField(file, TIFFTAG_PHOTOMETRIC,
               image.channels >= 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK);
  const std::size_t stride = static_cast<std::size_t>(image.width) * image.channels;
  for (int y = 0; y < image.height; ++y) {
    Bytes row;  // 16 bits: the same value twice
    for (std::size_t i = 0; i < stride; ++i)
      row.insert(row.end(), static_cast<std::size_t>(bits / 8), image.pixels[y * stride + i]);
    TIFFWriteScanline(file, row.data(), static_cast<std::uint32_t>(y));
  }
  TIFFClose(file);
  std::ifstream in(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(in), {});
}

// 16 x 8, its upper half bright.
Image half_bright() {
  Image image{16, 8, 1, Bytes(128, 0)};
  std::fill(image.pixels.begin(), image.pixels.begin() + 64, std::uint8_t{255});
  return image;
}

// Where the bright half of half_bright() went: 't'op, 'b'ottom, 'l'eft, 'r'ight.
char bright_side(const Image& i) {
  const auto bright = [&](int x, int y) {
    return i.pixels[std::size_t(y * i.width + x) * std::size_t(i.channels)] > 128;
  };
  const int w = i.width - 1, h = i.height - 1;
  if (w > h) return bright(8, 0) && !bright(8, h) ? 't' : 'b';
  return bright(0, 8) && !bright(w, 8) ? 'l' : 'r';
}

Bytes exif_block(bool little, int orientation, int type, bool second_entry) {
  Bytes out;
  const auto put = [&](unsigned value, int size) {
    for (int i = 0; i < size; ++i)
      out.push_back(static_cast<std::uint8_t>(value >> 8 * (little ? i : size - 1 - i)));
  };
  out = little ? Bytes{'I', 'I'} : Bytes{'M', 'M'};
  put(42, 2), put(8, 4), put(second_entry ? 2 : 1, 2);
  if (second_entry) put(0x0100, 2), put(3, 2), put(1, 4), put(99, 2), put(0, 2);
  put(0x0112, 2), put(static_cast<unsigned>(type), 2), put(1, 4);
  const int size = type == 1 ? 1 : type == 4 ? 4 : 2;
  put(static_cast<unsigned>(orientation), size);
  out.resize(out.size() + static_cast<std::size_t>(4 - size));
  put(0, 4);
  return out;
}

Bytes with_segment(const Bytes& jpeg, std::uint8_t marker, Bytes payload) {
  const std::size_t length = payload.size() + 2;
  payload.insert(payload.begin(), {0xFF, marker, static_cast<std::uint8_t>(length >> 8),
                                   static_cast<std::uint8_t>(length)});
  Bytes out = jpeg;
  out.insert(out.begin() + 2, payload.begin(), payload.end());
  return out;
}

Bytes with_exif(const Bytes& jpeg, Bytes block) {
  const Bytes head = {'E', 'x', 'i', 'f', 0, 0};
  block.insert(block.begin(), head.begin(), head.end());
  return with_segment(jpeg, 0xE1, block);
}

}  // namespace

TEST_CASE("WebP, GIF and TIFF are read as they were written", "[image][formats]") {
  for (const int channels : {3, 4}) {
    Image image = sample(channels);
    for (std::size_t i = 3; channels == 4 && i < image.pixels.size(); i += 4)
      image.pixels[i] = i < 20 ? 255 : 128;  // libwebp forgets the colour where all is transparent
    const Image back = decode(webp_of(image));
    CHECK((back.width == 4 && back.height == 3 && back.channels == channels));
    CHECK(back.pixels == image.pixels);
  }
  for (const int channels : {1, 3})
    for (const int bits : {8, 16}) {
      const Image back = decode(tiff_of(sample(channels), bits));
      CHECK((back.width == 4 && back.height == 3 && back.channels == channels));
      CHECK(back.pixels == sample(channels).pixels);
    }
  fovea::GifWriter gif(255);
  gif.add(sample(3), 100);
  gif.add(sample(1), 100);  // a second frame, which is not looked at
  const std::string text = gif.encode();
  const Image back = decode(Bytes(text.begin(), text.end()));
  CHECK((back.width == 4 && back.height == 3 && back.channels == 3));
  CHECK(back.pixels == sample(3).pixels);
}

TEST_CASE("a WebP of grey pixels is grey", "[image][formats]") {
  Image image{2, 1, 3, {7, 7, 7, 200, 200, 200}};
  const Image back = decode(webp_of(image));
  CHECK(back.channels == 1);
  CHECK(back.pixels == Bytes{7, 200});
}

TEST_CASE("truncated WebP, GIF and TIFF are errors of one line", "[image][formats]") {
  fovea::GifWriter gif(255);
  gif.add(sample(3), 100);
  const std::string text = gif.encode();
  // What follows the pixels of a GIF (its end) and of a lossless WebP may be missing.
  for (const auto& [whole, idle] : {std::pair{webp_of(sample(3)), 2},
                                    {Bytes(text.begin(), text.end()), 3},
                                    {tiff_of(sample(3)), 0}}) {
    REQUIRE(decode_error(whole) == "");
    for (std::size_t size = 0; size + static_cast<std::size_t>(idle) < whole.size(); ++size) {
      INFO("cut to " << size << " of " << whole.size() << ", first byte " << int(whole[0]));
      const std::string error = decode_error({whole.begin(), whole.begin() + std::ptrdiff_t(size)});
      REQUIRE(error != "");
      REQUIRE(error.find('\n') == error.npos);
    }
  }
}

TEST_CASE("colours beyond a palette are black, always", "[image][formats]") {
  Bytes bmp = {'B', 'M', 0, 0, 0, 0, 0, 0, 0, 0, 62, 0, 0,  0,  40, 0, 0,  0,  4,  0, 0,
               0,   1,   0, 0, 0, 1, 0, 8, 0, 0, 0,  0, 0,  0,  0,  0, 0,  0,  0,  0, 0,
               0,   0,   0, 0, 2, 0, 0, 0, 2, 0, 0,  0, 10, 20, 30, 0, 40, 50, 60, 0};
  REQUIRE(bmp.size() == 62);
  bmp.insert(bmp.end(), {1, 0, 2, 255});
  const Bytes wanted = {60, 50, 40, 30, 20, 10, 0, 0, 0, 0, 0, 0};
  CHECK(decode(bmp).pixels == wanted);

  const auto put32 = [](Bytes& out, std::size_t v) {
    for (int shift = 24; shift >= 0; shift -= 8)
      out.push_back(static_cast<std::uint8_t>(v >> shift));
  };
  Bytes png = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  const auto chunk = [&](const char* type, const Bytes& data) {
    put32(png, data.size());
    Bytes body(type, type + 4);
    body.insert(body.end(), data.begin(), data.end());
    png.insert(png.end(), body.begin(), body.end());
    put32(png, crc32(0, body.data(), static_cast<uInt>(body.size())));
  };
  chunk("IHDR", {0, 0, 0, 4, 0, 0, 0, 1, 8, 3, 0, 0, 0});
  chunk("PLTE", {30, 20, 10, 60, 50, 40, 99});  // and a third of a third colour
  const Bytes row = {0, 1, 0, 2, 255};
  uLongf size = compressBound(row.size());
  Bytes packed(size);
  compress(packed.data(), &size, row.data(), row.size());
  packed.resize(size);
  chunk("IDAT", packed);
  chunk("IEND", {});
  CHECK(decode(png).pixels == wanted);
}

TEST_CASE("a JPEG without its end marker, or with bytes after it, is read", "[image][formats]") {
  const Bytes whole = jpeg_of(sample(3));
  const Image wanted = decode(whole);
  CHECK(wanted.note.empty());
  Bytes endless(whole.begin(), whole.end() - 2);
  CHECK(decode(endless).pixels == wanted.pixels);
  CHECK_THAT(decode(endless).note, contains("end marker is missing"));
  endless.resize(endless.size() + 16);  // zeros instead
  CHECK(decode(endless).pixels == wanted.pixels);
  for (const std::uint8_t more : {0, 0x55}) {
    Bytes longer = whole;
    longer.resize(longer.size() + 16, more);
    CHECK(decode(longer).pixels == wanted.pixels);
    CHECK(decode(longer).note.empty());
  }
}

TEST_CASE("a JPEG of very many scans is refused at once", "[image][formats]") {
  const Image image{64, 64, 1, Bytes(4096, 99)};
  unsigned char* out = nullptr;
  unsigned long size = 0;
  const tjhandle packer = tjInitCompress();
  REQUIRE(tjCompress2(packer, image.pixels.data(), 64, 64, 64, TJPF_GRAY, &out, &size, TJSAMP_GRAY,
                      90, TJFLAG_PROGRESSIVE) == 0);
  Bytes jpeg(out, out + size);
  tjFree(out);
  tjDestroy(packer);
  CHECK(decode(jpeg).pixels.size() == 4096);
  const Bytes start = {0xFF, 0xDA};
  const auto last = std::find_end(jpeg.begin(), jpeg.end(), start.begin(), start.end());
  const Bytes scan(last, jpeg.end() - 2);
  jpeg.resize(jpeg.size() - 2);
  for (int i = 0; i < 20'000; ++i) jpeg.insert(jpeg.end(), scan.begin(), scan.end());
  jpeg.insert(jpeg.end(), {0xFF, 0xD9});
  CHECK_THAT(decode_error(jpeg), contains("scans of 64x64 pixels would take too long"));
}

TEST_CASE("orientation: JPEG, in every encoding of it", "[image][formats]") {
  const Bytes plain = jpeg_of(half_bright());
  const std::pair<int, char> sides[] = {{1, 't'}, {2, 't'}, {3, 'b'}, {4, 'b'},
                                        {5, 'l'}, {6, 'r'}, {7, 'r'}, {8, 'l'}};
  for (const auto& [orientation, side] : sides)
    for (const bool little : {false, true})
      for (const int type : {1, 3, 4})
        for (const bool second : {false, true}) {
          INFO("orientation " << orientation << ", little " << little << ", type " << type);
          Bytes jpeg = with_exif(plain, exif_block(little, orientation, type, second));
          CHECK(bright_side(decode(jpeg)) == side);
          // Behind other segments, one of them an APP1 of another kind, and after a fill byte.
          jpeg.insert(jpeg.begin() + 2, std::uint8_t{0xFF});
          jpeg = with_segment(jpeg, 0xE1, {'h', 't', 't', 'p', 0});
          jpeg = with_segment(jpeg, 0xE0, Bytes{'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0});
          CHECK(bright_side(decode(jpeg)) == side);
        }
}

TEST_CASE("orientation: PNG's eXIf and TIFF's tag", "[image][formats]") {
  const Bytes plain = fovea::encode_png(half_bright());
  for (const auto& [orientation, side] : {std::pair{3, 'b'}, {6, 'r'}, {8, 'l'}}) {
    Bytes chunk = {'e', 'X', 'I', 'f'};
    const Bytes block = exif_block(orientation == 6, orientation, 3, true);
    chunk.insert(chunk.end(), block.begin(), block.end());
    const auto crc = crc32(0, chunk.data(), static_cast<uInt>(chunk.size()));
    chunk.insert(chunk.begin(), {0, 0, 0, static_cast<std::uint8_t>(block.size())});
    for (int shift = 24; shift >= 0; shift -= 8)
      chunk.push_back(static_cast<std::uint8_t>(crc >> shift));
    for (const std::ptrdiff_t place : {std::ptrdiff_t{33}, std::ptrdiff_t(plain.size()) - 12}) {
      Bytes png = plain;  // after IHDR, and before IEND
      png.insert(png.begin() + place, chunk.begin(), chunk.end());
      CHECK(bright_side(decode(png)) == side);
    }
    CHECK(bright_side(decode(tiff_of(half_bright(), 8, orientation))) == side);
  }
}

TEST_CASE("a TIFF of numbers that are no shades is refused, saying so", "[image][formats]") {
  for (const auto& [bits, format, kind] : {std::tuple{32, SAMPLEFORMAT_IEEEFP, "floating-point"},
                                           {16, SAMPLEFORMAT_IEEEFP, "floating-"},
                                           {16, SAMPLEFORMAT_INT, "signed"},
                                           {32, SAMPLEFORMAT_UINT, "of 32 bits a channel"}})
    CHECK_THAT(message_of([&, b = bits, f = format] { decode(tiff_of(sample(1), b, 1, f)); }),
               contains("a TIFF of") && contains(kind) && contains("save it with 8"));
}
