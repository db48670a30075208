// A file read from front to back, plain or gzip, that trusts nothing about what it opens.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

struct z_stream_s;

namespace fovea {

/// Reads a regular file sequentially. Gzip content (RFC 1952, also several members in a row) is
/// recognised by its first bytes, whatever the name, and inflated on the way. Never maps the
/// file, so one that shrinks while it is read ends early instead of raising SIGBUS.
class InputFile {
 public:
  /// Opens `path`. Throws Error if it is missing, unreadable or not a regular file (a directory;
  /// a FIFO, which is not waited for).
  explicit InputFile(std::string path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const std::string& path() const { return path_; }
  bool compressed() const { return inflater_ != nullptr; }

  /// Bytes on disk when the file was opened.
  std::uint64_t stored_size() const { return stored_size_; }

  /// No content can be longer than this: what is on disk, or what deflate can make of it.
  std::uint64_t largest_content() const;

  /// Fills `out` with the bytes that follow and returns how many there were: fewer only at the
  /// end. Reaching the end of gzip content has checked its CRC, its length and that nothing
  /// follows it. Throws Error for damaged or truncated gzip data and for failing reads.
  std::size_t read(std::span<std::uint8_t> out);

 private:
  std::size_t read_stored(std::span<std::uint8_t> out);
  std::size_t read_inflated(std::span<std::uint8_t> out);
  bool refill();
  void start_next_member();

  std::string path_;
  int file_ = -1;
  std::uint64_t stored_size_ = 0;
  std::unique_ptr<z_stream_s, void (*)(z_stream_s*)> inflater_;
  std::vector<std::uint8_t> buffer_;  // compressed bytes not yet inflated
  bool ended_ = false;
};

}  // namespace fovea
