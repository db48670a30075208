// Folders and the temporary files in them: the other half of core/file.h.
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <system_error>

#include "core/error.h"
#include "core/file.h"
#include "core/file_internal.h"

namespace fovea {
namespace file_internal {

std::string reason(int error) {
  return std::generic_category().message(error);
}

std::string parent_directory(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string base_name(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

int Descriptor::close() {
  const int fd = std::exchange(fd_, -1);
  // Linux has closed the descriptor even when it reports EINTR; a second close could hit another.
  return fd < 0 || ::close(fd) == 0 || errno == EINTR ? 0 : errno;
}

TemporaryFile::TemporaryFile(const std::string& directory, const std::string& name,
                             std::string shown)
    : shown_(std::move(shown)) {
  require(!name.empty(), shown_.empty() ? "an empty path" : shown_,
          ": names no file; give the path of a file");
  static std::atomic<unsigned> counter = 0;
  do {
    path_ = cat(directory, "/.", name, ".tmp", ::getpid(), "-", counter++, ".fovea");
  } while (!create());
}

// False if the name is taken, or if remove_stale_temporaries got hold of the file before the lock.
bool TemporaryFile::create() {
  constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  file_ = Descriptor(retry([&] { return ::open(path_.c_str(), flags, 0666); }));
  if (file_.get() < 0 && errno == EEXIST) return false;
  if (file_.get() < 0)
    fail(shown_, ": cannot be written: ", reason(errno), " in folder ", parent_directory(path_),
         "; choose a folder that exists and is writable");
  if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return false;
  struct stat info;
  if (::fstat(file_.get(), &info) != 0 || info.st_nlink == 0) return false;
  lock_ = Descriptor(::fcntl(file_.get(), F_DUPFD_CLOEXEC, 0));
  return true;
}

TemporaryFile::~TemporaryFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

void TemporaryFile::move_to(const std::string& target) {
  if (retry([&] { return ::fsync(file_.get()); }) != 0)
    fail(shown_, ": not saved, fsync failed: ", reason(errno), "; check the disk");
  if (const int error = file_.close())
    fail(shown_, ": not saved, close failed: ", reason(error), "; check the disk");
  if (::rename(path_.c_str(), target.c_str()) != 0)
    fail(shown_, ": not saved, ", path_, " could not be renamed: ", reason(errno),
         "; check the folder's permissions");
  path_.clear();
}

bool is_temporary_name(std::string_view name) {
  constexpr std::string_view middle = ".tmp", suffix = ".fovea";
  if (!name.starts_with('.') || !name.ends_with(suffix)) return false;
  name.remove_suffix(suffix.size());
  const std::size_t at = name.rfind(middle);
  if (at == std::string_view::npos || at < 2) return false;
  return name.find_first_not_of("0123456789-", at + middle.size()) == std::string_view::npos;
}

}  // namespace file_internal

using namespace file_internal;

void remove_stale_temporaries(const std::string& directory) {
  DIR* folder = ::opendir(directory.c_str());
  if (!folder) fail(directory, ": cannot be listed: ", reason(errno), "; is it a directory?");
  while (const dirent* entry = ::readdir(folder)) {
    if (!is_temporary_name(entry->d_name)) continue;
    const Descriptor file(
        ::openat(::dirfd(folder), entry->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat info;
    if (file.get() < 0 || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    // The writer's lock dies with it, so a lock that can be had means that nobody writes. (Process
    // ids would not do: in a container every trainer has the same one.)
    if (::flock(file.get(), LOCK_SH | LOCK_NB) == 0) ::unlinkat(::dirfd(folder), entry->d_name, 0);
  }
  ::closedir(folder);
}

OutputDirectory::OutputDirectory(const std::string& path) : OutputDirectory() {
  require(!path.empty(), "output folder: the path is empty; name a folder");
  int error = 0;
  for (std::size_t end = 1; end <= path.size(); ++end) {
    if (end < path.size() && path[end] != '/') continue;
    std::string folder = path.substr(0, end);
    if (::mkdir(folder.c_str(), 0777) == 0)
      made_.push_back(std::move(folder));
    else if (errno != EEXIST && !error)
      error = errno;
  }
  struct stat info;
  if (::stat(path.c_str(), &info) != 0)
    fail(path, ": folder cannot be created: ", reason(error ? error : errno),
         "; choose another folder");
  require(S_ISDIR(info.st_mode), path, ": is not a directory; choose another folder");
  const TemporaryFile probe(path, "probe", path);
  const std::uint8_t byte = 0;
  write_fully(probe.fd(), {&byte, 1}, path);
}

OutputDirectory::~OutputDirectory() {
  while (!made_.empty()) {  // one that is not empty stays
    ::rmdir(made_.back().c_str());
    made_.pop_back();
  }
}

namespace {

// The file, locked; none where its holder has just removed it.
Descriptor lock_file(const std::string& directory, const std::string& path) {
  Descriptor file(
      retry([&] { return ::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666); }));
  if (file.get() < 0) fail(directory, ": cannot be locked: ", path, ": ", reason(errno));
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    require(error == EWOULDBLOCK, directory, ": cannot be locked: ", path, ": ", reason(error));
    char text[24] = {};
    const long pid = ::pread(file.get(), text, sizeof text - 1, 0) > 0 ? std::atol(text) : 0;
    fail(directory, ": in use by ", pid > 0 ? cat("process ", pid) : "another process",
         "; wait until it ends or choose another folder");
  }
  struct stat info;
  const bool removed = ::fstat(file.get(), &info) != 0 || info.st_nlink == 0;
  return removed ? Descriptor() : std::move(file);
}

}  // namespace

DirectoryLock::DirectoryLock(const std::string& directory) {
  const std::string path = directory + "/.lock";
  const bool was_there = ::access(path.c_str(), F_OK) == 0;
  Descriptor file;
  while (file.get() < 0) file = lock_file(directory, path);
  char text[24] = {};
  const ssize_t length_there = ::pread(file.get(), text, sizeof text - 1, 0);
  const std::string_view there(text, static_cast<std::size_t>(std::max<ssize_t>(length_there, 0)));
  require(there.find_first_not_of(std::string_view("0123456789\n\0", 12)) == there.npos, path,
          ": is a file of something else where the lock of this folder belongs; move it away or "
          "choose another folder");
  // The number only helps a person; the lock holds even if it cannot be written.
  const int length = std::snprintf(text, sizeof text, "%ld\n", static_cast<long>(::getpid()));
  const bool written = ::ftruncate(file.get(), 0) == 0 &&
                       ::pwrite(file.get(), text, static_cast<std::size_t>(length), 0) == length;
  static_cast<void>(written);
  if (!was_there || !there.empty()) path_ = path;
  fd_ = file.release();
}

DirectoryLock::~DirectoryLock() {
  if (!path_.empty())
    ::unlink(path_.c_str());  // while nobody else can hold it
  else if (::ftruncate(fd_, 0) != 0) {
    // The number stays, and does no harm.
  }
  ::close(fd_);
}

}  // namespace fovea
