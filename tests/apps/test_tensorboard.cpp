#include <bit>
#include <cmath>
#include <cstring>
#include <filesystem>

#include "apps/run/tensorboard.h"
#include "core/error.h"
#include "core/file.h"
#include "tests/child_process.h"
#include "tests/temp_dir.h"

using namespace fovea;
using fovea::testing::contains;
using fovea::testing::limit_file_size;
using fovea::testing::message_in_child;
using fovea::testing::message_of;
using fovea::testing::TempDir;

namespace {

using Bytes = std::vector<std::uint8_t>;

// One field of a protobuf message: a number, or bytes.
struct Field {
  int number = 0;
  std::uint64_t value = 0;
  Bytes bytes;

  double real64() const { return std::bit_cast<double>(value); }
  float real32() const { return std::bit_cast<float>(static_cast<std::uint32_t>(value)); }
  std::string text() const { return {bytes.begin(), bytes.end()}; }
};

std::uint64_t little_endian(const std::uint8_t* at, int bytes) {
  std::uint64_t value = 0;
  for (int i = 0; i < bytes; ++i) value |= std::uint64_t{at[i]} << (8 * i);
  return value;
}

// A second, independent reading of the wire format (protobuf.dev/programming-guides/encoding).
std::vector<Field> decode(const Bytes& message) {
  std::vector<Field> fields;
  std::size_t at = 0;
  const auto varint = [&] {
    std::uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const std::uint8_t byte = message.at(at++);
      value |= std::uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.size()) {
    const std::uint64_t tag = varint();
    Field field{.number = static_cast<int>(tag >> 3), .bytes = {}};
    const int kind = tag & 7;
    if (kind == 0) {
      field.value = varint();
    } else if (kind == 2) {
      const std::uint64_t length = varint();
      REQUIRE(length <= message.size() - at);
      field.bytes.assign(message.begin() + at, message.begin() + at + length);
      at += length;
    } else {
      const int size = kind == 1 ? 8 : 4;
      REQUIRE(size <= static_cast<int>(message.size() - at));
      field.value = little_endian(&message[at], size);
      at += size;
    }
    fields.push_back(std::move(field));
  }
  return fields;
}

std::vector<std::vector<Field>> read_events(const std::string& path) {
  const Bytes file = read_file(path, 1 << 20);
  std::vector<std::vector<Field>> events;
  for (std::size_t at = 0; at < file.size();) {
    REQUIRE(at + 16 <= file.size());
    const std::uint64_t length = little_endian(&file[at], 8);
    CHECK(little_endian(&file[at + 8], 4) == masked_crc(crc32c({&file[at], 8})));
    REQUIRE(length <= file.size() - at - 16);
    CHECK(little_endian(&file[at + 12 + length], 4) ==
          masked_crc(crc32c({&file[at + 12], length})));
    events.push_back(decode({file.begin() + at + 12, file.begin() + at + 12 + length}));
    at += 16 + length;
  }
  return events;
}

// The start of a PNG file; the writer looks no further.
Bytes png_start(std::uint8_t width, std::uint8_t height, std::uint8_t colour_type) {
  Bytes png = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0, 0, 0, 13, 'I', 'H', 'D', 'R'};
  for (int v : {0, 0, 0, +width, 0, 0, 0, +height, 8, +colour_type, 0, 0, 0, 0, 0, 0, 0})
    png.push_back(static_cast<std::uint8_t>(v));
  return png;
}

}  // namespace

TEST_CASE("crc32c matches the vectors of RFC 3720 B.4", "[tensorboard]") {
  Bytes bytes(32, 0);
  CHECK(crc32c(bytes) == 0x8a9136aau);
  bytes.assign(32, 0xff);
  CHECK(crc32c(bytes) == 0x62a8ab43u);
  for (int i = 0; i < 32; ++i) bytes[i] = static_cast<std::uint8_t>(i);
  CHECK(crc32c(bytes) == 0x46dd794eu);
  for (int i = 0; i < 32; ++i) bytes[i] = static_cast<std::uint8_t>(31 - i);
  CHECK(crc32c(bytes) == 0x113fdb5cu);
  CHECK(crc32c({}) == 0);
  const std::string text = "123456789";
  CHECK(crc32c({reinterpret_cast<const std::uint8_t*>(text.data()), 9}) == 0xe3069283u);
  CHECK(masked_crc(0) == 0xa282ead8u);
}

TEST_CASE("TensorBoardWriter writes records that decode to what was logged", "[tensorboard]") {
  const TempDir dir;
  const Bytes png = png_start(3, 2, 2);
  std::string path;
  {
    TensorBoardWriter writer(dir.path() + "/runs/a");
    path = writer.path();
    CHECK_THAT(path, contains("/runs/a/events.out.tfevents."));
    CHECK(read_events(path).size() == 1);  // the version is there at once
    writer.scalar("train/loss", 0, 0.0);
    writer.scalar("train/loss", -1, std::nan(""));
    writer.scalar("τ", std::int64_t{1} << 40, 2.5);
    writer.flush();
    CHECK(read_events(path).size() == 4);
    writer.image("samples", 7, png, 3, 2);
  }
  const auto events = read_events(path);
  REQUIRE(events.size() == 5);
  CHECK(events[0][0].real64() > 1.6e9);
  CHECK(events[0][1].number == 3);
  CHECK(events[0][1].text() == "brain.Event:2");

  const auto value_of = [&](int i) {
    REQUIRE(events[i].size() == 3);
    CHECK(events[i][0].number == 1);
    CHECK(events[i][0].real64() >= events[i - 1][0].real64());
    CHECK(events[i][1].number == 2);
    CHECK(events[i][2].number == 5);
    return decode(decode(events[i][2].bytes).at(0).bytes);
  };
  CHECK(value_of(1).at(0).text() == "train/loss");
  CHECK(value_of(1).at(1).number == 2);
  CHECK(value_of(1).at(1).real32() == 0);
  CHECK(events[1][1].value == 0);
  CHECK(std::isnan(value_of(2).at(1).real32()));
  CHECK(static_cast<std::int64_t>(events[2][1].value) == -1);
  CHECK(value_of(3).at(0).text() == "τ");
  CHECK(value_of(3).at(1).real32() == 2.5f);
  CHECK(events[3][1].value == std::uint64_t{1} << 40);

  const auto image = decode(value_of(4).at(1).bytes);
  CHECK(value_of(4).at(1).number == 4);
  CHECK(image.at(0).value == 2);  // height, width, channels
  CHECK(image.at(1).value == 3);
  CHECK(image.at(2).value == 3);
  CHECK(image.at(3).bytes == png);
}

TEST_CASE("TensorBoardWriter never shares a file", "[tensorboard]") {
  const TempDir dir;
  const TensorBoardWriter first(dir.path()), second(dir.path());
  CHECK(first.path() != second.path());
}

TEST_CASE("TensorBoardWriter writes by itself when the interval has passed or much waits",
          "[tensorboard]") {
  const TempDir dir;
  TensorBoardWriter eager(dir.path(), std::chrono::seconds(0));
  eager.scalar("x", 1, 1);
  CHECK(read_events(eager.path()).size() == 2);
  TensorBoardWriter lazy(dir.path(), std::chrono::hours(1));
  lazy.scalar("x", 1, 1);
  CHECK(read_events(lazy.path()).size() == 1);
  Bytes png = png_start(1, 1, 0);
  png.resize(300 * 1024);
  lazy.image("x", 2, png, 1, 1);
  CHECK(read_events(lazy.path()).size() == 3);
}

TEST_CASE("TensorBoardWriter refuses what TensorBoard could not show", "[tensorboard]") {
  const TempDir dir;
  TensorBoardWriter writer(dir.path());
  CHECK_THROWS_AS(writer.scalar("", 0, 1), Error);
  for (const char* bad :
       {"\xff", "a\x80", "\xc0\x80", "\xed\xa0\x80", "\xe2\x82", "\xf5\x80\x80\x80", "\xe0\x80\x80",
        "\xf0\x80\x80\x80", "\xf4\x90\x80\x80"})
    CHECK_THAT(message_of([&] { writer.scalar(bad, 0, 1); }), contains("not UTF-8"));
  writer.scalar("\xf0\x9f\x91\x81 \xe2\x82\xac", 0, 1);
  CHECK_THAT(message_of([&] { writer.image("i", 0, Bytes(100), 1, 1); }), contains("not a PNG"));
  CHECK_THAT(message_of([&] { writer.image("i", 0, png_start(4, 5, 0), 5, 4); }),
             contains("is 4 x 5 pixels, not the 5 x 4"));
  dir.write("file", "");
  CHECK_THAT(message_of([&] { TensorBoardWriter{dir.file("file")}; }),
             contains("is not a directory"));
}

TEST_CASE("fault 60: a full disk is an Error and leaves whole records", "[tensorboard]") {
  const TempDir dir;
  const std::string message = message_in_child([&] {
    TensorBoardWriter writer(dir.path());
    writer.scalar("before", 0, 1);
    writer.flush();
    limit_file_size(150);
    const std::string error = message_of([&] {
      for (int i = 0; i < 10; ++i) writer.scalar("lost", i, 1);
      writer.flush();
    });
    writer.scalar("after", 1, 2);
    writer.flush();
    fail(error);
  });
  CHECK_THAT(message, contains("events.out.tfevents."));
  CHECK_THAT(message, contains("cannot be written: File too large"));
  const auto path = std::filesystem::directory_iterator(dir.path())->path();
  const auto events = read_events(path.string());
  REQUIRE(events.size() == 3);
  CHECK(decode(decode(events[2][2].bytes).at(0).bytes).at(0).text() == "after");
}
