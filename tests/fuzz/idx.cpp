#include "data/idx.h"

#include "tests/fuzz/fuzz.h"

namespace fovea::fuzz {

const char* const target_name = "idx";

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
