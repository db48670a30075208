#include "apps/run/append_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "apps/shell/console.h"
#include "core/error.h"
#include "core/file.h"

namespace fovea {

namespace {

// Bytes of the whole lines among the first `size`. A power cut leaves files that end anywhere, or
// in zeros, without a line's end, where blocks were never written.
std::int64_t whole_lines(int fd, std::int64_t size) {
  std::vector<char> chunk(1 << 16);
  std::int64_t end = 0;
  for (std::int64_t at = 0; at < size;) {
    const ssize_t n = ::pread(fd, chunk.data(), chunk.size(), at);
    if (n <= 0) break;
    for (std::int64_t i = 0; i < n && at + i < size; ++i)
      if (chunk[static_cast<std::size_t>(i)] == '\n') end = at + i + 1;
    at += n;
  }
  return end;
}

// A copy of the file that was made by hard links must not grow with it.
void leave_hard_links(const std::string& path) {
  struct stat info;
  if (::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && info.st_nlink > 1)
    write_file_atomically(path, read_file(path, std::size_t{1} << 32));
}

}  // namespace

AppendFile::AppendFile(const std::string& path, std::int64_t keep_bytes) : path_(path) {
  leave_hard_links(path);
  fd_ = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0666);
  require(fd_ >= 0, path, ": cannot be opened for writing: ", std::strerror(errno));
  size_ = whole_lines(fd_, std::min<std::int64_t>(::lseek(fd_, 0, SEEK_END), keep_bytes));
  if (::ftruncate(fd_, size_) != 0 || ::lseek(fd_, size_, SEEK_SET) != size_) {
    const int error = errno;
    ::close(fd_);
    fail(path, ": is not a file that can be cut and continued: ", std::strerror(error));
  }
  if (size_ < keep_bytes)
    warn(cat(path, ": its last lines are damaged or missing (", keep_bytes - size_,
             " bytes), perhaps lost in a power cut; going on behind its last whole line"));
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
