// Faults 40 to 44: disks that are full or fail, what killed writers leave, two trainers.
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <set>
#include <thread>

#include "core/error.h"
#include "core/file.h"
#include "tests/child_process.h"
#include "tests/temp_dir.h"

using namespace fovea;
using fovea::testing::contains;
using fovea::testing::fail_system_call;
using fovea::testing::limit_file_size;
using fovea::testing::message_in_child;
using fovea::testing::message_of;
using fovea::testing::not_permitted;
using fovea::testing::TempDir;

namespace {

std::string text_of(const std::string& path) {
  const auto bytes = read_file(path, 1 << 20);
  return {bytes.begin(), bytes.end()};
}

std::set<std::string> names_in(const TempDir& dir) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(dir.path()))
    names.insert(entry.path().filename());
  return names;
}

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

TEST_CASE("fault 40: a full disk is an Error and the old file stays", "[file]") {
  const TempDir dir;
  const std::string path = dir.write("model", "old");
  const std::string large(1 << 20, 'x');

  const std::string limited = message_in_child([&] {
    limit_file_size(4096);
    write_file_atomically(path, large);
  });
  CHECK_THAT(limited, contains("model: cannot be written: File too large after 4096 of 1048576"));

  const int full = ::open("/dev/full", O_WRONLY);
  REQUIRE(full >= 0);
  CHECK_THAT(message_of([&] { write_fully(full, bytes_of(large), "log"); }),
             contains("log: cannot be written: No space left on device"));
  ::close(full);
  CHECK(text_of(path) == "old");
  CHECK(names_in(dir) == std::set<std::string>{"model"});
}

TEST_CASE("fault 40: a full file system is an Error and the old file stays", "[file]") {
  const TempDir dir;
  const std::string message = message_in_child([&] {
    // A tmpfs of 64 KiB that only the child sees.
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", dir.path().c_str(), "tmpfs", 0, "size=64k") != 0)
      throw Error(not_permitted);
    write_file_atomically(dir.file("model"), "old");
    const std::string error =
        message_of([&] { write_file_atomically(dir.file("model"), std::string(1 << 20, 'x')); });
    fail(error, "|", text_of(dir.file("model")), "|", names_in(dir).size());
  });
  if (message == not_permitted) {
    WARN("no permission to mount a small tmpfs; the other tests of fault 40 have run");
    return;
  }
  CHECK_THAT(message, contains("No space left on device"));
  CHECK_THAT(message, contains("|old|1"));
}

TEST_CASE("fault 41: errors of write, fsync, close and rename are never a success", "[file]") {
  const TempDir dir;
  const std::string path = dir.write("model", "old");
  struct Case {
    long call;
    const char* expected;
  };
  const Case cases[] = {
      {SYS_write, "model: cannot be written: Input/output error"},
      {SYS_fsync, "model: not saved, fsync failed: Input/output error"},
      {SYS_close, "model: not saved, close failed: Input/output error"},
#ifdef SYS_rename
      {SYS_rename, "could not be renamed: Input/output error"},
#endif
  };
  for (const Case& fault : cases) {
    INFO(fault.expected);
    const std::string message = message_in_child([&] {
      fail_system_call(fault.call, EIO);
      write_file_atomically(path, "new");
    });
    if (message == not_permitted) {
      WARN("seccomp is not permitted; I/O errors were tested through /dev/full and limits only");
      return;
    }
    CHECK_THAT(message, contains(fault.expected));
    CHECK(text_of(path) == "old");
    CHECK(names_in(dir) == std::set<std::string>{"model"});
  }
}

TEST_CASE("fault 43: stale temporaries are removed, others are not", "[file]") {
  const TempDir dir;
  dir.write(".model.tmp123-0.fovea", "left by a killed writer");
  dir.write(".model.safetensors.tmp" + std::to_string(::getpid()) + "-7.fovea", "own old number");
  const std::set<std::string> kept = {"model",
                                      ".tmp1.fovea",
                                      ".notes.tmp12",
                                      ".lock",
                                      ".a.tmpfile.fovea",
                                      "model.tmp1-0.fovea",
                                      ".dir.tmp1-0.fovea",
                                      ".link.tmp1-0.fovea"};
  for (const std::string& name : kept)
    if (name != ".dir.tmp1-0.fovea" && name != ".link.tmp1-0.fovea") dir.write(name, "x");
  std::filesystem::create_directory(dir.file(".dir.tmp1-0.fovea"));
  std::filesystem::create_symlink("model", dir.file(".link.tmp1-0.fovea"));
  write_file_atomically(dir.file("model"), "y");  // not disturbed by the strangers
  remove_stale_temporaries(dir.path());
  CHECK(names_in(dir) == kept);
  CHECK_THROWS_AS(remove_stale_temporaries(dir.file("missing")), Error);
}

TEST_CASE("fault 43: cleaning while others write never breaks a write", "[file]") {
  const TempDir dir;
  const std::string path = dir.file("model");
  std::string failure;
  std::atomic<bool> done = false;
  std::thread writer([&] {
    for (int i = 0; i < 300 && failure.empty(); ++i)
      failure = message_of([&] { write_file_atomically(path, std::string(100, 'x')); });
    done = true;
  });
  while (!done) remove_stale_temporaries(dir.path());
  writer.join();
  CHECK(failure == "");
  CHECK(names_in(dir) == std::set<std::string>{"model"});
}

TEST_CASE("fault 44: the second trainer of a folder is refused and told who has it", "[file]") {
  const TempDir dir;
  const auto lock_in_child = [&] {
    return message_in_child([&] { const DirectoryLock lock(dir.path()); });
  };
  {
    const DirectoryLock lock(dir.path());
    const std::string expected = cat(dir.path(), ": in use by process ", ::getpid(), ";");
    CHECK_THAT(lock_in_child(), contains(expected));
    CHECK_THAT(message_of([&] { const DirectoryLock second(dir.path()); }), contains(expected));
  }
  CHECK(names_in(dir).empty());
  CHECK(lock_in_child().empty());  // released; a child's lock ends with it
  CHECK_NOTHROW(DirectoryLock(dir.path()));
  CHECK_THROWS_AS(DirectoryLock(dir.file("missing")), Error);
}

TEST_CASE("fault 42: a folder that cannot be written is found before it is needed", "[file]") {
  const TempDir dir;
  {
    const OutputDirectory folder(dir.path() + "/a/b//c/"), whole(dir.path());
    CHECK(std::filesystem::is_directory(dir.path() + "/a/b/c"));
    CHECK(names_in(dir) == std::set<std::string>{"a"});
    std::ofstream(dir.path() + "/a/b/kept") << "x";
  }
  CHECK(!std::filesystem::exists(dir.path() + "/a/b/c"));  // nothing was put there
  CHECK(std::filesystem::exists(dir.path() + "/a/b/kept"));
  CHECK_THROWS_AS(OutputDirectory(dir.path() + "/new/" + std::string(300, 'x')), Error);
  CHECK(names_in(dir) == std::set<std::string>{"a"});
  dir.write("file", "x");
  CHECK_THAT(message_of([&] { const OutputDirectory folder(dir.file("file")); }),
             contains("is not a directory"));
  CHECK_THAT(message_of([&] { const OutputDirectory folder(dir.path() + "/file/sub"); }),
             contains("cannot be created"));
  CHECK_THROWS_AS(OutputDirectory(""), Error);
  CHECK_THROWS_AS(OutputDirectory("/proc/fovea"), Error);

  ::chmod(dir.path().c_str(), 0555);
  const std::string message = message_in_child([&] {
    // Permissions do not stop root, so the child becomes nobody.
    if (::geteuid() == 0 && (::setgroups(0, nullptr) != 0 || ::setuid(65534) != 0))
      throw Error(not_permitted);
    const OutputDirectory folder(dir.path());
  });
  ::chmod(dir.path().c_str(), 0755);
  CHECK_THAT(message, contains("Permission denied"));
}
