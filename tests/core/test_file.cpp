#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

#include "core/error.h"
#include "core/file.h"
#include "tests/temp_dir.h"

using namespace fovea;
using fovea::testing::contains;
using fovea::testing::message_of;
using fovea::testing::TempDir;

namespace {

std::string text_of(const std::string& path) {
  const auto bytes = read_file(path, 1 << 20);
  return {bytes.begin(), bytes.end()};
}

bool holds_only(const TempDir& dir, const std::string& name) {
  const std::filesystem::directory_iterator first(dir.path());
  return std::distance(begin(first), end(first)) == 1 && std::filesystem::exists(dir.file(name));
}

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// Interrupts the process with SIGALRM every millisecond while it lives, without SA_RESTART.
class Interruptions {
 public:
  Interruptions() {
    struct sigaction action = {};
    action.sa_handler = [](int) {};
    ::sigaction(SIGALRM, &action, &old_);
    const itimerval often{{0, 1000}, {0, 1000}};
    ::setitimer(ITIMER_REAL, &often, nullptr);
  }
  ~Interruptions() {
    const itimerval never{};
    ::setitimer(ITIMER_REAL, &never, nullptr);
    ::sigaction(SIGALRM, &old_, nullptr);
  }

 private:
  struct sigaction old_;
};

}  // namespace

TEST_CASE("read_file returns whole regular files and refuses everything else", "[file]") {
  const TempDir dir;
  CHECK(text_of(dir.write("a", "hello")) == "hello");
  CHECK(text_of(dir.write("empty", "")).empty());
  CHECK(read_file(dir.file("a"), 5).size() == 5);

  CHECK_THROWS_AS(read_file(dir.file("missing"), 10), Error);
  CHECK_THAT(message_of([&] { read_file(dir.file("missing"), 10); }),
             contains("missing: cannot be opened: No such file"));
  CHECK_THAT(message_of([&] { read_file("no/such/file", 10); }), contains("looked in /"));
  CHECK_THAT(message_of([&] { read_file(dir.path(), 10); }), contains("is a directory"));
  CHECK_THAT(message_of([&] { read_file(dir.file("a"), 4); }),
             contains("has 5 bytes, more than the 4"));
  ::mkfifo(dir.file("pipe").c_str(), 0600);  // must not wait for a writer
  CHECK_THAT(message_of([&] { read_file(dir.file("pipe"), 10); }), contains("pipe or device"));
  CHECK_THAT(message_of([&] { read_file("/dev/zero", 10); }), contains("pipe or device"));
  // A file whose content does not match the size it declares, as one that is being written.
  CHECK_THAT(message_of([&] { read_file("/proc/self/status", 1 << 20); }),
             contains("size changed while it was read"));
}

TEST_CASE("read_file_start returns the beginning of files of any size", "[file]") {
  const TempDir dir;
  const auto start = read_file_start(dir.write("a", "hello"), 3);
  CHECK(std::string(start.begin(), start.end()) == "hel");
  CHECK(read_file_start(dir.file("a"), 100).size() == 5);
  std::filesystem::resize_file(dir.file("a"), std::uintmax_t{1} << 40);  // sparse
  CHECK(read_file_start(dir.file("a"), 100).size() == 100);
  CHECK_THAT(message_of([&] { read_file_start(dir.path(), 3); }), contains("is a directory"));
}

TEST_CASE("read_fully and write_fully go on after short transfers and signals", "[file]") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  // Sixteen times what a pipe holds, so that both sides wait and transfer in parts.
  std::vector<std::uint8_t> sent(1 << 20);
  for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<std::uint8_t>(i * 7 % 251);
  std::vector<std::uint8_t> got(sent.size() + 1);
  {
    const Interruptions interruptions;
    std::thread writer([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the reader is interrupted
      write_fully(ends[1], sent, "pipe");
      ::close(ends[1]);
    });
    got.resize(read_fully(ends[0], got, "pipe"));
    writer.join();
  }
  ::close(ends[0]);
  CHECK(got == sent);
  CHECK_THAT(message_of([&] { read_fully(-1, got, "x"); }), contains("x: cannot be read"));
}

TEST_CASE("write_file_atomically replaces a file, keeps permissions and leaves nothing else",
          "[file]") {
  const TempDir dir;
  const std::string path = dir.file("model");
  write_file_atomically(path, "one");
  CHECK(text_of(path) == "one");
  ::chmod(path.c_str(), 0640);
  write_file_atomically(path, std::vector<std::uint8_t>{'t', 'w', 'o', 0});
  CHECK(text_of(path) == std::string("two\0", 4));
  struct stat info;
  REQUIRE(::stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0640);
  write_file_atomically(path, "");
  CHECK(text_of(path).empty());
  CHECK(holds_only(dir, "model"));
}

TEST_CASE("write_file_atomically refuses targets that are not files", "[file]") {
  const TempDir dir;
  CHECK_THAT(message_of([&] { write_file_atomically(dir.path(), "x"); }),
             contains("is a directory"));
  CHECK_THROWS_AS(write_file_atomically(dir.path() + "/new/", "x"), Error);
  CHECK_THROWS_AS(write_file_atomically("", "x"), Error);
  // Renaming over it would replace the device for the whole system.
  CHECK_THAT(message_of([&] { write_file_atomically("/dev/null", "x"); }),
             contains("pipe or device"));
  CHECK_THAT(message_of([&] { write_file_atomically(dir.path() + "/no/file", "x"); }),
             contains("choose a folder that exists"));
  CHECK(std::filesystem::is_empty(dir.path()));
}

TEST_CASE("fault 45: a symbolic link stays and the file it points to is replaced", "[file]") {
  namespace fs = std::filesystem;
  const TempDir dir;
  dir.write("elsewhere/real", "old");
  fs::create_symlink("elsewhere/real", dir.file("link"));
  fs::create_symlink(dir.file("link"), dir.file("absolute"));
  fs::create_symlink("elsewhere/new", dir.file("dangling"));
  fs::create_symlink("loop", dir.file("loop"));

  write_file_atomically(dir.file("absolute"), "new");  // through two links
  CHECK(text_of(dir.file("elsewhere/real")) == "new");
  CHECK(fs::is_symlink(dir.file("link")));
  CHECK(fs::is_symlink(dir.file("absolute")));
  write_file_atomically(dir.file("dangling"), "made");
  CHECK(text_of(dir.file("elsewhere/new")) == "made");
  CHECK(fs::is_symlink(dir.file("dangling")));
  CHECK_THAT(message_of([&] { write_file_atomically(dir.file("loop"), "x"); }),
             contains("symbolic links"));
}

TEST_CASE("checksum is CRC-32", "[file]") {
  const std::string text = "123456789";
  CHECK(checksum(bytes_of(text)) == 0xcbf43926u);  // the check value of the CRC catalogue
  CHECK(checksum({}) == 0);
  const auto bytes = bytes_of(text);
  CHECK(checksum(bytes.subspan(4), checksum(bytes.first(4))) == 0xcbf43926u);
  CHECK(checksum({}, 5) == 5);
}
