// Files that survive accidents: whole-file reads with a limit, atomic writes, a lock on a folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fovea {

/// The whole content of a regular file. Error: missing, unreadable, a directory, pipe or device,
/// larger than `max_bytes`, or its size changes while it is read.
std::vector<std::uint8_t> read_file(const std::string& path, std::size_t max_bytes);

/// The first `bytes` bytes of a regular file (fewer if it is shorter): enough to recognise a format
/// before memory is spent on it. Errors as read_file, without a limit on the size.
std::vector<std::uint8_t> read_file_start(const std::string& path, std::size_t bytes);

/// Writes `bytes` to `path` so that at any moment, even after SIGKILL or a power cut, the old or
/// the new content is there, whole: temporary file beside it, fsync, rename, fsync of the folder.
///
/// A symbolic link stays a link: the file it points to is replaced (or made). Permissions of a
/// replaced file are kept. Error: anything that fails (disk full, I/O error at write, fsync or
/// close, ...), the target is a directory, pipe or device; the temporary is removed and the old
/// content stays. Only an error of the last step, the folder's fsync, leaves the new content.
void write_file_atomically(const std::string& path, std::span<const std::uint8_t> bytes);
void write_file_atomically(const std::string& path, std::string_view text);

/// Deletes the temporaries that killed writers left in `directory`. Those of a living writer, in
/// this or another process, are kept (writers lock them). Error: the folder cannot be listed.
void remove_stale_temporaries(const std::string& directory);

/// A folder to write into: made, with its parents, if missing. What was made and is still empty in
/// the end is removed again, so that a start that is refused leaves nothing behind.
class OutputDirectory {
 public:
  /// Proves that a file can be written there. Error: cannot be created, is not a directory, is not
  /// writable, disk full.
  explicit OutputDirectory(const std::string& path);
  ~OutputDirectory();
  OutputDirectory(const OutputDirectory&) = delete;
  OutputDirectory& operator=(const OutputDirectory&) = delete;

 private:
  OutputDirectory() = default;
  std::vector<std::string> made_;  // outermost first
};

/// Holds `directory` for this process while it lives, with flock on directory/.lock, which is
/// removed at the end. Error: another holder (named by process id), or the lock cannot be made.
class DirectoryLock {
 public:
  explicit DirectoryLock(const std::string& directory);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  std::string path_;  // empty: it was there, without content, and is left so
  int fd_ = -1;
};

/// Fills `bytes` from `fd`; returns how many came before the end of input. Short reads and EINTR
/// are retried. Error: read fails; `name` names the file in it.
std::size_t read_fully(int fd, std::span<std::uint8_t> bytes, const std::string& name);

/// Writes all of `bytes` to `fd`. Short writes and EINTR are retried. Error: as read_fully.
void write_fully(int fd, std::span<const std::uint8_t> bytes, const std::string& name);

/// CRC-32 (ISO-HDLC, as in gzip and PNG) of `bytes`; `previous` continues an earlier call.
std::uint32_t checksum(std::span<const std::uint8_t> bytes, std::uint32_t previous = 0);

}  // namespace fovea
