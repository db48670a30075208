#include "core/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <new>

#include "core/error.h"
#include "core/file_internal.h"

namespace fovea {

using namespace file_internal;

namespace {

void require_regular(const struct stat& info, const std::string& path) {
  require(!S_ISDIR(info.st_mode), path, ": is a directory; give the path of a file in it");
  require(S_ISREG(info.st_mode), path, ": is a pipe or device; a regular file is needed here");
}

// Where a relative path was looked for; a wrong working directory is the usual mistake.
std::string looked_in(const std::string& path) {
  char folder[4096];
  if (path.empty() || path[0] == '/' || !::getcwd(folder, sizeof folder)) return "";
  return cat(" (looked in ", static_cast<const char*>(folder), ")");
}

Descriptor open_regular(const std::string& path, struct stat& info) {
  // The type is checked before opening as well: opening a pipe would wake its writer.
  if (::stat(path.c_str(), &info) != 0)
    fail(path, ": cannot be opened", looked_in(path), ": ", reason(errno), "; check the path");
  require_regular(info, path);
  Descriptor file(
      retry([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); }));
  if (file.get() < 0) fail(path, ": cannot be opened: ", reason(errno), "; check its permissions");
  require(::fstat(file.get(), &info) == 0, path, ": cannot be read: ", reason(errno));
  require_regular(info, path);
  return file;
}

// The file that `path` means after following symbolic links; it need not exist.
std::string follow_links(std::string path) {
  for (int hops = 0; hops < 40; ++hops) {  // as many as Linux itself follows
    char link[4096];
    const ssize_t length = ::readlink(path.c_str(), link, sizeof link);
    if (length < 0) return path;  // not a link, or missing
    std::string next(link, static_cast<std::size_t>(length));
    if (next.empty() || next[0] != '/') next = cat(parent_directory(path), "/", next);
    path = std::move(next);
  }
  fail(path, ": too many levels of symbolic links; remove the link that points to itself");
}

void sync_directory(const std::string& directory, const std::string& path) {
  const Descriptor folder(
      retry([&] { return ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  // Some file systems cannot sync a folder and say EINVAL; a write-only folder cannot be opened.
  if (folder.get() < 0 && errno == EACCES) return;
  if (folder.get() < 0 || (retry([&] { return ::fsync(folder.get()); }) != 0 && errno != EINVAL))
    fail(path, ": written, but its folder could not be brought to disk: ", reason(errno),
         "; check the disk, the file may be lost in a power cut");
}

}  // namespace

std::vector<std::uint8_t> read_file(const std::string& path, std::size_t max_bytes) {
  struct stat info;
  const Descriptor file = open_regular(path, info);
  const auto size = static_cast<std::size_t>(info.st_size);
  require(size <= max_bytes, path, ": has ", size, " bytes, more than the ", max_bytes,
          " accepted here; is it the right file?");
  std::vector<std::uint8_t> bytes;
  try {
    bytes.resize(size);
  } catch (const std::bad_alloc&) {
    fail(path, ": not enough memory for its ", size, " bytes");
  }
  const std::size_t got = read_fully(file.get(), bytes, path);
  std::uint8_t extra;
  const bool grew = got == size && read_fully(file.get(), {&extra, 1}, path) != 0;
  require(got == size && !grew, path, ": its size changed while it was read (it had ", size,
          " bytes); try again when nothing writes to it");
  return bytes;
}

std::vector<std::uint8_t> read_file_start(const std::string& path, std::size_t bytes) {
  struct stat info;
  const Descriptor file = open_regular(path, info);
  std::vector<std::uint8_t> start(bytes);
  start.resize(read_fully(file.get(), start, path));
  return start;
}

void write_file_atomically(const std::string& path, std::span<const std::uint8_t> bytes) {
  const std::string target = follow_links(path);
  struct stat old;
  const bool exists = ::stat(target.c_str(), &old) == 0;
  if (exists) require_regular(old, target);

  const std::string directory = parent_directory(target);
  TemporaryFile temporary(directory, base_name(target), path);
  // Best effort: some file systems have no permissions to keep.
  if (exists) (void)::fchmod(temporary.fd(), old.st_mode & 0777);
  write_fully(temporary.fd(), bytes, path);
  temporary.move_to(target);
  sync_directory(directory, path);
}

void write_file_atomically(const std::string& path, std::string_view text) {
  write_file_atomically(path,
                        std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

std::size_t read_fully(int fd, std::span<std::uint8_t> bytes, const std::string& name) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = retry([&] { return ::read(fd, bytes.data() + done, bytes.size() - done); });
    if (n < 0) fail(name, ": cannot be read at byte ", done, ": ", reason(errno));
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  return done;
}

void write_fully(int fd, std::span<const std::uint8_t> bytes, const std::string& name) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = retry([&] { return ::write(fd, bytes.data() + done, bytes.size() - done); });
    if (n <= 0)
      fail(name, ": cannot be written: ", n < 0 ? reason(errno) : "nothing was accepted", " after ",
           done, " of ", bytes.size(), " bytes; free space or choose another folder");
    done += static_cast<std::size_t>(n);
  }
}

std::uint32_t checksum(std::span<const std::uint8_t> bytes, std::uint32_t previous) {
  if (bytes.empty()) return previous;  // zlib takes a null pointer for "start again"
  return static_cast<std::uint32_t>(::crc32_z(previous, bytes.data(), bytes.size()));
}

}  // namespace fovea
