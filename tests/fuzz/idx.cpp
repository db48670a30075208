#include "data/idx.h"

#include <zlib.h>

#include "tests/fuzz/fuzz.h"

namespace fovea::fuzz {

const char* const target_name = "idx";

namespace {

Bytes gzip(const Bytes& content) {
  z_stream z{};
  deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  Bytes out(deflateBound(&z, content.size()));
  z.next_in = const_cast<Bytef*>(content.data());
  z.avail_in = static_cast<uInt>(content.size());
  z.next_out = out.data();
  z.avail_out = static_cast<uInt>(out.size());
  deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

}  // namespace

std::vector<Bytes> seeds() {
  Bytes images{0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 5, 0, 0, 0, 4};
  for (int i = 0; i < 60; ++i) images.push_back(static_cast<std::uint8_t>(i * 37));
  return {images, gzip(images)};
}

void run(std::span<const std::uint8_t> input) {
  const MemoryFile file(input);
  read_idx(file.path(), 3);
}

}  // namespace fovea::fuzz
