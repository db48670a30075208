#include "data/image.h"

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

}  // namespace

std::vector<Bytes> seeds() {
  return {encode_png(picture(1)),
          encode_png(picture(3)),
          encode_png(picture(4)),
          pnm("P5", 6),
          pnm("P6", 18),
          bmp(),
          tga()};
}

void run(std::span<const std::uint8_t> input) {
  to_grey(read_image_bytes(input, "input"));
}

}  // namespace fovea::fuzz
