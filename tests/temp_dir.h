// A folder of its own for a test, and ways to fill it.
#pragma once

#include <stdlib.h>
#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/catch.h"

namespace fovea::testing {

/// An empty folder under the system's temporary one; removed with all it holds at the end.
class TempDir {
 public:
  TempDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "fovea-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = pattern;
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }

  /// The path of `name` in this folder; the folders it needs are made.
  std::string file(const std::string& name) const {
    const std::filesystem::path full = std::filesystem::path(path_) / name;
    std::filesystem::create_directories(full.parent_path());
    return full.string();
  }

  /// Writes a file and returns its path.
  std::string write(const std::string& name, const std::string& bytes) const {
    const std::string full = file(name);
    std::ofstream(full, std::ios::binary) << bytes;
    return full;
  }

 private:
  std::string path_;
};

/// `bytes` as one gzip member.
inline std::string gzip(const std::string& bytes) {
  z_stream z = {};
  deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&z, bytes.size()) + 64, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  z.avail_in = static_cast<uInt>(bytes.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

/// An IDX file: the four-byte `magic`, big-endian `extents`, then `data`.
inline std::string idx_file(std::uint32_t magic, const std::vector<std::uint32_t>& extents,
                            const std::string& data) {
  std::string out;
  auto append = [&out](std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 255);
  };
  append(magic);
  for (std::uint32_t extent : extents) append(extent);
  return out + data;
}

/// `count` bytes 0, step, 2 * step, ... modulo 251.
inline std::string pattern(std::size_t count, unsigned step = 7) {
  std::string out(count, '\0');
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<char>(i * step % 251);
  return out;
}

/// `count` labels 0, 1, ..., 9, 0, ...
inline std::string label_pattern(std::size_t count) {
  std::string out(count, '\0');
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<char>(i % 10);
  return out;
}

/// Writes a whole small data set in MNIST's format: `train` and `test` images of 6 x 5 pixels,
/// pattern() and label_pattern().
inline void write_small_mnist(const TempDir& dir, unsigned train, unsigned test) {
  dir.write("train-images-idx3-ubyte", idx_file(0x803, {train, 6, 5}, pattern(train * 30)));
  dir.write("train-labels-idx1-ubyte", idx_file(0x801, {train}, label_pattern(train)));
  dir.write("t10k-images-idx3-ubyte", idx_file(0x803, {test, 6, 5}, pattern(test * 30, 11)));
  dir.write("t10k-labels-idx1-ubyte", idx_file(0x801, {test}, label_pattern(test)));
}

/// The text of the exception that `action` throws; "" if it throws none.
template <class Action>
std::string message_of(const Action& action) {
  try {
    action();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

}  // namespace fovea::testing
