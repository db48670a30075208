// What a fuzz target provides to driver.cpp.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace fovea::fuzz {

using Bytes = std::vector<std::uint8_t>;

extern const char* const target_name;

/// Valid inputs to start from.
std::vector<Bytes> seeds();

/// Feeds one input to the reader. An Error is the right answer to a damaged one; anything else
/// (a crash, another exception, a sanitizer's report) is a find.
void run(std::span<const std::uint8_t> input);

/// A file in memory with this content; read functions take path().
class MemoryFile {
 public:
  explicit MemoryFile(std::span<const std::uint8_t> content);
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  std::string path() const;

 private:
  int fd_;
};

}  // namespace fovea::fuzz
