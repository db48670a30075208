// What core/file.cpp and core/directory.cpp share; not for other files.
#pragma once

#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

namespace fovea::file_internal {

/// The text of an errno value.
std::string reason(int error);

/// Everything before the last '/' ("." if there is none), and everything after it.
std::string parent_directory(const std::string& path);
std::string base_name(const std::string& path);

/// Repeats a system call while a signal interrupts it.
template <class Call>
auto retry(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

/// A file descriptor that closes itself; -1 is none.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { close(); }

  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  int close();  ///< 0, or the errno of the failure; the descriptor is gone either way

 private:
  int fd_;
};

/// A new file ".NAME.tmp<pid>-<n>.fovea" in `directory`, locked with flock while it is being
/// written, and deleted unless it is moved into place. Error messages name `shown`.
class TemporaryFile {
 public:
  TemporaryFile(const std::string& directory, const std::string& name, std::string shown);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  int fd() const { return file_.get(); }
  void move_to(const std::string& target);  ///< fsync, close, rename; Error if any fails

 private:
  bool create();
  std::string path_;
  std::string shown_;
  Descriptor file_;
  Descriptor lock_;  // a duplicate that keeps the lock from close() until after rename()
};

/// Whether a file name is one that TemporaryFile gives.
bool is_temporary_name(std::string_view name);

}  // namespace fovea::file_internal
