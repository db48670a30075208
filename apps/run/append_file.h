// A file that grows by whole lines and can be cut back to where a checkpoint was made.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fovea {

class AppendFile {
 public:
  /// Opens `path`, made if missing, keeps the whole lines of its first `keep_bytes` bytes (with a
  /// warning if these are fewer) and appends behind them. Error: cannot be opened or cut.
  AppendFile(const std::string& path, std::int64_t keep_bytes);
  ~AppendFile();  ///< writes what waits; a failure there is silent, call flush() to hear of it
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;

  /// Keeps `text` until flush().
  void append(std::string_view text) { waiting_ += text; }
  /// Writes what waits. Error: disk full and the like.
  void flush();

  /// Bytes in the file, with what waits.
  std::int64_t size() const { return size_ + static_cast<std::int64_t>(waiting_.size()); }

 private:
  std::string path_, waiting_;
  int fd_ = -1;
  std::int64_t size_ = 0;
};

}  // namespace fovea
