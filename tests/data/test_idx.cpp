// The IDX reader against every fault of a file (numbers as in the list of faults to survive).
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "core/error.h"
#include "data/idx.h"
#include "data/input_file.h"
#include "data/mnist.h"
#include "tests/catch.h"
#include "tests/temp_dir.h"

namespace {

// What the replaced read() below does to calls, while a FaultyReads lives.
struct Faults {
  std::atomic<std::size_t> longest_read = 0;  // 0: as asked
  std::atomic<int> interrupt_every = 0;       // 0: never
  std::atomic<int> fail_at = 0;               // the call that fails with EIO
  std::atomic<int> truncate_at = 0;           // the call before which the file is cut
  std::string truncate_path;
  std::atomic<int> calls = 0;
  std::atomic<bool> active = false;
} faults;

class FaultyReads {
 public:
  FaultyReads() { faults.calls = 0, faults.active = true; }
  ~FaultyReads() {
    faults.active = false;
    faults.longest_read = 0;
    faults.interrupt_every = faults.fail_at = faults.truncate_at = 0;
  }
};

}  // namespace

// Takes the place of the C library's read() in the test program.
extern "C" ssize_t read(int file, void* buffer, size_t size) {
  if (faults.active) {
    const int call = ++faults.calls;
    if (faults.interrupt_every > 0 && call % faults.interrupt_every == 0) return errno = EINTR, -1;
    if (call == faults.fail_at) return errno = EIO, -1;
    if (call == faults.truncate_at)
      if (::truncate(faults.truncate_path.c_str(), 1000) != 0) return errno = EIO, -1;
    if (faults.longest_read > 0 && size > faults.longest_read) size = faults.longest_read;
  }
  return ::syscall(SYS_read, file, buffer, size);
}

namespace {

using namespace fovea::testing;
using fovea::IdxArray;
using fovea::read_idx;

constexpr std::uint32_t images_magic = 0x803, labels_magic = 0x801;

std::string small_images() {
  return idx_file(images_magic, {3, 2, 4}, pattern(24));
}

std::string text(const IdxArray& array) {
  return {array.bytes.begin(), array.bytes.end()};
}

// Writes `bytes`, reads them as IDX images and returns the error, which must name the file.
std::string images_error(const std::string& bytes, const std::string& name = "images") {
  const TempDir dir;
  const std::string path = dir.write(name, bytes);
  const std::string message = message_of([&] { read_idx(path, 3); });
  INFO(message);
  REQUIRE(message.starts_with(path + ": "));
  CHECK(message.find('\n') == std::string::npos);
  return message.substr(path.size() + 2);
}

std::string labels_error(const std::string& bytes) {
  const TempDir dir;
  const std::string path = dir.write("labels", bytes);
  return message_of([&] { read_idx(path, 1); });
}

}  // namespace

TEST_CASE("idx: reads images and labels", "[idx]") {
  const TempDir dir;
  const IdxArray images = read_idx(dir.write("images", small_images()), 3);
  CHECK(images.dims == std::vector<int>{3, 2, 4});
  CHECK(text(images) == pattern(24));
  const IdxArray labels = read_idx(dir.write("labels", idx_file(labels_magic, {5}, "abcde")), 1);
  CHECK(labels.dims == std::vector<int>{5});
  CHECK(text(labels) == "abcde");
}

TEST_CASE("idx fault 1: missing file, directory, FIFO, device", "[idx]") {
  const TempDir dir;
  CHECK_THAT(message_of([&] { read_idx(dir.file("none"), 3); }),
             contains("none: cannot open: No such file or directory"));
  CHECK_THAT(message_of([&] { read_idx(dir.path(), 3); }), contains("is a directory"));
  REQUIRE(::mkfifo(dir.file("fifo").c_str(), 0600) == 0);
  CHECK_THAT(message_of([&] { read_idx(dir.file("fifo"), 3); }), contains("is a FIFO"));
  CHECK_THAT(message_of([&] { read_idx("/dev/zero", 3); }), contains("is a device"));
}

TEST_CASE("idx fault 2: empty or shorter than the header", "[idx]") {
  CHECK_THAT(images_error(""), contains("is empty"));
  CHECK_THAT(images_error(std::string("\0\0", 2)), contains("is shorter than an IDX header"));
  CHECK_THAT(images_error(small_images().substr(0, 4)), contains("4 bytes of 16"));
  CHECK_THAT(images_error(small_images().substr(0, 15)), contains("15 bytes of 16"));
  CHECK_THAT(images_error(gzip("")), contains("is empty"));
  CHECK_THAT(images_error(gzip(small_images().substr(0, 15))), contains("15 bytes of 16"));
}

TEST_CASE("idx fault 3: wrong magic, an HTML page", "[idx]") {
  CHECK_THAT(images_error("<!DOCTYPE html><html></html>"), contains("is an HTML or XML page"));
  CHECK_THAT(images_error("\x89PNG\r\n and more"),
             contains("not an IDX file: starts with 0x89504e47"));
  CHECK_THAT(images_error(idx_file(0x03080000, {3, 2, 4}, pattern(24))),
             contains("not an IDX file"));
  CHECK_THAT(images_error(idx_file(0x804, {3, 1, 2, 4}, pattern(24))), contains("other rank"));
}

TEST_CASE("idx fault 4: gzip under a plain name and the reverse", "[idx]") {
  const TempDir dir;
  CHECK(text(read_idx(dir.write("images", gzip(small_images())), 3)) == pattern(24));
  CHECK(text(read_idx(dir.write("images.gz", small_images()), 3)) == pattern(24));
}

TEST_CASE("idx fault 5: images and labels swapped", "[idx]") {
  CHECK_THAT(images_error(idx_file(labels_magic, {24}, pattern(24))),
             contains("holds labels (0x00000801) where images") && contains("swapped?"));
  CHECK_THAT(labels_error(small_images()),
             contains("holds images (0x00000803) where labels") && contains("swapped?"));
}

TEST_CASE("idx fault 6: more items declared than present", "[idx]") {
  const std::string file = idx_file(images_magic, {4, 2, 4}, pattern(31));
  CHECK_THAT(images_error(file), contains("declares 4 x 2 x 4 bytes, more than this file of 47"));
  CHECK_THAT(images_error(gzip(file)), contains("declares 4 x 2 x 4 = 32 bytes, it ends after 31"));
}

TEST_CASE("idx fault 7: trailing bytes", "[idx]") {
  CHECK_THAT(images_error(small_images() + "xyz"),
             contains("3 bytes too many after the 3 x 2 x 4"));
  CHECK_THAT(images_error(gzip(small_images() + "x")), contains("goes on after the 3 x 2 x 4"));
}

TEST_CASE("idx faults 8, 9: no items, rows or columns", "[idx]") {
  CHECK_THAT(images_error(idx_file(images_magic, {0, 28, 28}, "")), contains("zero items"));
  CHECK_THAT(images_error(idx_file(images_magic, {3, 0, 28}, "")), contains("without rows"));
  CHECK_THAT(images_error(idx_file(images_magic, {3, 28, 0}, "")), contains("or columns"));
  CHECK_THAT(labels_error(idx_file(labels_magic, {0}, "")), contains("zero items"));
}

TEST_CASE("idx fault 10: dimensions that overflow or cannot be", "[idx]") {
  const auto declaring = [](std::uint32_t n, std::uint32_t rows, std::uint32_t columns) {
    return idx_file(images_magic, {n, rows, columns}, pattern(24));
  };
  CHECK_THAT(images_error(declaring(0x7fffffff, 0x7fffffff, 0x7fffffff)),
             contains("declares 2147483647 x 2147483647 x 2147483647 bytes, more than"));
  // 2^64, which is 0 in 64 bits.
  CHECK_THAT(images_error(declaring(0x40000000, 0x40000000, 16)), contains("more than this file"));
  CHECK_THAT(images_error(declaring(0x80000000, 1, 1)), contains("extent of 2147483648"));
  CHECK_THAT(images_error(gzip(declaring(60000, 28, 28))), contains("bytes can hold"));
}

TEST_CASE("idx fault 11: image count differs from label count", "[idx]") {
  const TempDir dir;
  const std::string images = dir.write("images", small_images());
  const std::string labels = dir.write("labels", idx_file(labels_magic, {2}, "\1\2"));
  CHECK_THAT(message_of([&] {
               fovea::read_idx_pair(images, labels, {{"a", "b", "c"}});
             }),
             contains(images + ": 3 images, but there are 2 labels"));
}

TEST_CASE("idx fault 12: label out of range", "[idx]") {
  const TempDir dir;
  const std::string images = dir.write("images", small_images());
  const std::string labels = dir.write("labels", idx_file(labels_magic, {3}, "\1\2\3"));
  CHECK_THAT(message_of([&] {
               fovea::read_idx_pair(images, labels, {{"a", "b", "c"}});
             }),
             contains(labels + ": label 3 at index 2, expected 0 to 2"));
  CHECK(fovea::read_idx_pair(images, labels, {{"a", "b", "c", "d"}}).labels ==
        std::vector<std::int32_t>{1, 2, 3});
}

TEST_CASE("idx fault 13: unsupported element type", "[idx]") {
  CHECK_THAT(images_error(idx_file(0x0D03, {3, 2, 4}, pattern(96))),
             contains("elements of type float (0x00000d03) are not supported"));
  CHECK_THAT(images_error(idx_file(0x0A03, {3, 2, 4}, pattern(24))), contains("not an IDX file"));
}

TEST_CASE("idx fault 14: truncated gzip, at every length", "[idx]") {
  const std::string whole = gzip(small_images());
  for (std::size_t length = 2; length < whole.size(); ++length)
    CHECK_THAT(images_error(whole.substr(0, length)),
               contains(fovea::cat("cut off after ", length, " bytes")));
}

TEST_CASE("idx fault 15: wrong CRC or length in gzip", "[idx]") {
  const std::string whole = gzip(small_images());
  for (std::size_t from_end = 1; from_end <= 8; ++from_end) {
    std::string damaged = whole;
    damaged[damaged.size() - from_end] ^= 1;
    CHECK_THAT(images_error(damaged), contains("damaged gzip data"));
  }
}

TEST_CASE("idx fault 16: a gzip bomb stops at the declared size", "[idx]") {
  const std::string bomb = gzip(small_images() + std::string(72 << 20, '\0'));
  const TempDir dir;
  const std::string path = dir.write("images.gz", bomb);
  const FaultyReads counting;
  CHECK_THAT(message_of([&] { read_idx(path, 3); }), contains("goes on after the 3 x 2 x 4"));
  // Two reads: the first bytes, then one buffer; the bomb itself is longer and never all read.
  CHECK(bomb.size() > 64 * 1024);
  CHECK(faults.calls == 2);
}

TEST_CASE("idx fault 17: concatenated gzip members", "[idx]") {
  const std::string file = small_images();
  const TempDir dir;
  for (std::size_t cut = 0; cut <= file.size(); ++cut) {
    const std::string joined = gzip(file.substr(0, cut)) + gzip(file.substr(cut)) + gzip("");
    CHECK(text(read_idx(dir.write("images", joined), 3)) == pattern(24));
  }
  CHECK_THAT(images_error(gzip(file) + gzip("x")), contains("goes on after the 3 x 2 x 4"));
}

TEST_CASE("idx fault 18: bytes after the gzip stream", "[idx]") {
  for (const std::string& tail : {std::string(1, '\0'), std::string("garbage")})
    CHECK_THAT(images_error(gzip(small_images()) + tail), contains("other bytes follow the gzip"));
  CHECK_THAT(images_error(gzip(small_images()) + "\x1fgarbage"), contains("damaged gzip data"));
}

TEST_CASE("idx fault 19: short reads, EINTR, a failing disk", "[idx]") {
  const TempDir dir;
  const std::string file = idx_file(images_magic, {50, 20, 20}, pattern(20000));
  for (const std::string& stored : {file, gzip(file)}) {
    const std::string path = dir.write("images", stored);
    const FaultyReads faulty;
    faults.longest_read = 7;
    faults.interrupt_every = 3;
    CHECK(text(read_idx(path, 3)) == pattern(20000));
    CHECK(faults.calls > 50);
  }
  const std::string path = dir.write("images", file);
  const FaultyReads faulty;
  faults.fail_at = 3;
  CHECK_THAT(message_of([&] { read_idx(path, 3); }),
             contains("cannot be read at byte 0: Input/output error"));
}

TEST_CASE("idx fault 20: a file that is truncated while it is read", "[idx]") {
  const TempDir dir;
  const std::string path =
      dir.write("images", idx_file(images_magic, {3000, 20, 50}, pattern(3000000)));
  const FaultyReads faulty;
  faults.truncate_path = path;
  faults.truncate_at = 5;  // the second megabyte of pixels
  CHECK_THAT(message_of([&] { read_idx(path, 3); }),
             contains("= 3000000 bytes, it ends after 1048576"));
}
