#include "data/image.h"

#include <turbojpeg.h>
#include <webp/encode.h>

#include "data/codecs/gif.h"
#include "tests/fuzz/fuzz.h"

namespace fovea::fuzz {

const char* const target_name = "image";

namespace {

Image picture(int channels) {
  Image image{9, 7, channels, {}};
  for (int i = 0; i < 9 * 7 * channels; ++i)
    image.pixels.push_back(static_cast<std::uint8_t>(i * i * 13));
  return image;
}

Bytes pnm(const char* kind, int bytes) {
  Bytes out(kind, kind + 2);
  for (char c : {'\n', '3', ' ', '2', '\n', '2', '5', '5', '\n'})
    out.push_back(static_cast<std::uint8_t>(c));
  out.resize(out.size() + bytes, 0x55);
  return out;
}

Bytes bmp() {  // 2 x 2, 24 bits
  Bytes out{'B', 'M', 70, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0,
            2,   0,   0,  0, 2, 0, 0, 0, 1, 0, 24, 0, 0, 0, 0,  0, 0, 0};
  out.resize(70, 0);
  return out;
}

Bytes tga() {  // 3 x 2, run-length encoded grey
  Bytes out(18);
  out[2] = 11;
  out[12] = 3;
  out[14] = 2;
  out[16] = 8;
  for (std::uint8_t byte : {0x82, 7, 0x02, 1, 2, 3}) out.push_back(byte);
  return out;
}

Bytes jpeg(int flags) {
  const Image image = picture(3);
  unsigned char* out = nullptr;
  unsigned long size = 0;
  const tjhandle packer = tjInitCompress();
  tjCompress2(packer, image.pixels.data(), image.width, 0, image.height, TJPF_RGB, &out, &size,
              TJSAMP_420, 80, flags);
  Bytes bytes(out, out + size);
  tjFree(out);
  tjDestroy(packer);
  return bytes;
}

Bytes webp(bool lossless) {
  const Image image = picture(4);
  std::uint8_t* out = nullptr;
  const std::size_t size = lossless ? WebPEncodeLosslessRGBA(image.pixels.data(), image.width,
                                                             image.height, image.width * 4, &out)
                                    : WebPEncodeRGBA(image.pixels.data(), image.width, image.height,
                                                     image.width * 4, 60, &out);
  Bytes bytes(out, out + size);
  WebPFree(out);
  return bytes;
}

Bytes gif() {
  GifWriter writer(16);
  writer.add(picture(3), 100);
  const std::string text = writer.encode();
  return {text.begin(), text.end()};
}

Bytes tiff() {  // little-endian, 2 x 2 grey, one strip
  Bytes out{'I', 'I', 42, 0, 12, 0, 0, 0, 10, 90, 170, 250};
  const int entries[][4] = {{256, 3, 1, 2}, {257, 3, 1, 2}, {258, 3, 1, 8}, {259, 3, 1, 1},
                            {262, 3, 1, 1}, {273, 4, 1, 8}, {274, 3, 1, 6}, {277, 3, 1, 1},
                            {278, 3, 1, 2}, {279, 4, 1, 4}};
  const auto put = [&](int value, int bytes) {
    for (int i = 0; i < bytes; ++i) out.push_back(static_cast<std::uint8_t>(value >> 8 * i));
  };
  put(10, 2);
  for (const auto& [tag, type, count, value] : entries)
    put(tag, 2), put(type, 2), put(count, 4), put(value, 4);
  put(0, 4);
  return out;
}

}  // namespace

std::vector<Bytes> seeds() {
  return {encode_png(picture(1)),
          encode_png(picture(3)),
          encode_png(picture(4)),
          pnm("P5", 6),
          pnm("P6", 18),
          bmp(),
          tga(),
          jpeg(0),
          jpeg(TJFLAG_PROGRESSIVE),
          webp(true),
          webp(false),
          gif(),
          tiff()};
}

void run(std::span<const std::uint8_t> input) {
  to_grey(read_image_bytes(input, "input"));
}

}  // namespace fovea::fuzz
