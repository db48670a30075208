// What a fuzz target provides to driver.cpp.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
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

/// A folder of its own, in memory where that is to be had, while the process lives.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }
  /// Writes a file, over an earlier one of that name, and returns its path.
  std::string write(const std::string& name, std::span<const std::uint8_t> content) const;

 private:
  std::string path_;
};

/// The bytes of a text, and the text of bytes.
inline Bytes bytes_of(std::string_view text) {
  return {text.begin(), text.end()};
}
inline std::string_view text_of(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// `content` as one member of gzip.
Bytes gzip(const Bytes& content);

}  // namespace fovea::fuzz
