#include "data/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/error.h"
#include "core/file.h"

namespace fovea {

namespace {

constexpr std::size_t buffer_size = 64 * 1024;
constexpr std::size_t largest_step = 1 << 30;  // zlib counts in 32 bits

void end_inflate(z_stream_s* stream) {
  inflateEnd(stream);
  delete stream;
}

const char* kind_of_file(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a FIFO (named pipe)";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

// The descriptor of a regular file. O_NONBLOCK: opening a FIFO would wait for a writer.
int open_regular(const std::string& path, std::uint64_t& size) {
  int file;
  do {
    file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  } while (file < 0 && errno == EINTR);
  require(file >= 0, path, ": cannot open: ", std::strerror(errno));
  struct stat status = {};
  if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(file);
    fail(path, ": is ", kind_of_file(status.st_mode), " where a regular file is expected");
  }
  size = static_cast<std::uint64_t>(status.st_size);
  return file;
}

}  // namespace

InputFile::InputFile(std::string path) : path_(std::move(path)), inflater_(nullptr, end_inflate) {
  file_ = open_regular(path_, stored_size_);
  try {
    std::uint8_t start[2] = {};
    const bool gzip = read_stored(start) == 2 && start[0] == 0x1f && start[1] == 0x8b;
    require(::lseek(file_, 0, SEEK_SET) == 0, path_, ": cannot seek: ", std::strerror(errno));
    if (gzip) {
      buffer_.resize(buffer_size);
      auto stream = std::make_unique<z_stream>();
      const int gzip_only = 15 + 16;  // the largest window; +16 asks for gzip, not zlib
      require(inflateInit2(stream.get(), gzip_only) == Z_OK, path_, ": no memory to inflate gzip");
      inflater_.reset(stream.release());
    }
  } catch (...) {
    ::close(file_);
    throw;
  }
}

InputFile::~InputFile() {
  ::close(file_);
}

std::uint64_t InputFile::largest_content() const {
  // Deflate spends at least one bit on 129 bytes (a 258-byte match takes two bits).
  return compressed() ? stored_size_ * 1032 : stored_size_;
}

std::size_t InputFile::read(std::span<std::uint8_t> out) {
  return compressed() ? read_inflated(out) : read_stored(out);
}

std::size_t InputFile::read_stored(std::span<std::uint8_t> out) {
  return read_fully(file_, out, path_);
}

std::size_t InputFile::read_inflated(std::span<std::uint8_t> out) {
  z_stream& z = *inflater_;
  std::size_t done = 0;
  while (done < out.size() && !ended_) {
    if (z.avail_in == 0)
      require(refill(), path_, ": the gzip data is cut off after ", stored_size_,
              " bytes: download or copy the file again");
    const std::size_t room = std::min(out.size() - done, largest_step);
    z.next_out = out.data() + done;
    z.avail_out = static_cast<uInt>(room);
    const int status = inflate(&z, Z_NO_FLUSH);
    done += room - z.avail_out;
    if (status == Z_STREAM_END) {
      start_next_member();
    } else {
      require(status == Z_OK, path_, ": damaged gzip data (zlib: ", z.msg ? z.msg : zError(status),
              "): download or copy the file again");
    }
  }
  return done;
}

// False at the end of the file.
bool InputFile::refill() {
  inflater_->next_in = buffer_.data();
  inflater_->avail_in = static_cast<uInt>(read_stored(buffer_));
  return inflater_->avail_in > 0;
}

void InputFile::start_next_member() {
  if (inflater_->avail_in == 0 && !refill()) {
    ended_ = true;
    return;
  }
  require(*inflater_->next_in == 0x1f, path_,
          ": other bytes follow the gzip data: download or copy the file again");
  inflateReset(inflater_.get());
}

}  // namespace fovea
