#include "apps/run/append_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/error.h"
#include "core/file.h"

namespace fovea {

AppendFile::AppendFile(const std::string& path, std::int64_t keep_bytes) : path_(path) {
  fd_ = ::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0666);
  require(fd_ >= 0, path, ": cannot be opened for writing: ", std::strerror(errno));
  size_ = std::min<std::int64_t>(::lseek(fd_, 0, SEEK_END), keep_bytes);
  if (size_ < 0 || ::ftruncate(fd_, size_) != 0 || ::lseek(fd_, size_, SEEK_SET) != size_) {
    const int error = errno;
    ::close(fd_);
    fail(path, ": is not a file that can be cut and continued: ", std::strerror(error));
  }
}

AppendFile::~AppendFile() {
  try {
    flush();
  } catch (const Error&) {
    // Reported by the flush() of the regular end, if there was one.
  }
  ::close(fd_);
}

void AppendFile::flush() {
  if (waiting_.empty()) return;
  const std::string text = std::move(waiting_);
  waiting_.clear();
  write_fully(fd_, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, path_);
  size_ += static_cast<std::int64_t>(text.size());
}

}  // namespace fovea
