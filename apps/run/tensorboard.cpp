#include "apps/run/tensorboard.h"

#include <fcntl.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>

#include "apps/run/files.h"
#include "core/error.h"
#include "core/file.h"
#include "core/utf8.h"

namespace fovea {

namespace {

constexpr std::size_t max_waiting_bytes = 256 * 1024;

std::span<const std::uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// A protobuf message under construction. Every field is written, zeros too, so that step 0 and
// value 0 are really there.
class Message {
 public:
  Message& number(int field, std::int64_t value) {
    return put(field, 0, [&](auto& out) { out.WriteVarint64(static_cast<std::uint64_t>(value)); });
  }
  Message& real64(int field, double value) {
    return put(field, 1,
               [&](auto& out) { out.WriteLittleEndian64(std::bit_cast<std::uint64_t>(value)); });
  }
  Message& real32(int field, float value) {
    return put(field, 5,
               [&](auto& out) { out.WriteLittleEndian32(std::bit_cast<std::uint32_t>(value)); });
  }
  Message& bytes(int field, std::string_view value) {  // also text and nested messages
    require(value.size() < (std::size_t{1} << 30), "TensorBoard: a record of ", value.size(),
            " bytes; the limit is 2^30, log a smaller image");
    return put(field, 2, [&](auto& out) {
      out.WriteVarint32(static_cast<std::uint32_t>(value.size()));
      out.WriteRaw(value.data(), static_cast<int>(value.size()));
    });
  }
  const std::string& text() const { return text_; }

 private:
  template <class Write>
  Message& put(int field, int wire_type, Write write) {
    google::protobuf::io::StringOutputStream stream(&text_);
    google::protobuf::io::CodedOutputStream out(&stream);
    out.WriteTag(static_cast<std::uint32_t>(field << 3 | wire_type));
    write(out);
    return *this;
  }
  std::string text_;
};

void require_tag(const std::string& tag) {
  require(!tag.empty(), "TensorBoard: the tag is empty; give the curve a name");
  require(is_utf8(tag), "TensorBoard: a tag is not UTF-8 text; rename it");
}

// Checks the start of a PNG file (PNG specification, 5.2 and 11.2.2) and returns the number of
// channels it decodes to.
int png_channels(std::span<const std::uint8_t> png, const std::string& tag, int width, int height) {
  constexpr std::string_view signature = "\x89PNG\r\n\x1a\n";
  const bool is_png = png.size() >= 33 && !std::memcmp(png.data(), signature.data(), 8) &&
                      !std::memcmp(png.data() + 12, "IHDR", 4);
  require(is_png, "TensorBoard: image '", tag, "' is not a PNG file; encode it first");
  const auto big_endian = [&](std::size_t at) {
    return std::uint32_t{png[at]} << 24 | png[at + 1] << 16 | png[at + 2] << 8 | png[at + 3];
  };
  require(big_endian(16) == static_cast<std::uint32_t>(width) &&
              big_endian(20) == static_cast<std::uint32_t>(height),
          "TensorBoard: image '", tag, "' is ", big_endian(16), " x ", big_endian(20),
          " pixels, not the ", width, " x ", height, " that were announced");
  switch (png[25]) {
    case 0: return 1;   // grey
    case 4: return 2;   // grey and alpha
    case 6: return 4;   // colour and alpha
    default: return 3;  // colour, palette
  }
}

void append_little_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
}

std::string host_name() {
  char host[256] = {};
  if (::gethostname(host, sizeof host - 1) != 0 || !host[0]) return "localhost";
  for (char& c : host)
    if (c == '/') c = '_';
  return host;
}

std::string reason(int error) {
  return std::generic_category().message(error);
}

}  // namespace

TensorBoardWriter::TensorBoardWriter(const std::string& directory,
                                     std::chrono::steady_clock::duration flush_interval)
    : start_(std::chrono::steady_clock::now()), flushed_(start_), flush_interval_(flush_interval) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  start_wall_ = std::chrono::duration<double>(now).count();
  const OutputDirectory folder(directory);
  create(directory);
  try {
    // The first event says which version of the format follows.
    append_record(Message().real64(1, start_wall_).bytes(3, "brain.Event:2").text());
    flush();
  } catch (...) {
    ::close(fd_);
    ::unlink(path_.c_str());
    throw;
  }
}

void TensorBoardWriter::create(const std::string& directory) {
  static std::atomic<unsigned> counter = 0;
  const std::string base =
      cat(directory, "/", run_files::events_prefix, static_cast<std::int64_t>(start_wall_), ".",
          host_name(), ".", static_cast<std::int64_t>(::getpid()), ".");
  do {  // O_EXCL: a run before us with the same process id keeps its file
    path_ = cat(base, counter++, run_files::events_suffix);
    fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
  } while (fd_ < 0 && (errno == EEXIST || errno == EINTR));
  if (fd_ < 0) fail(path_, ": cannot be created: ", reason(errno), "; choose another log folder");
}

TensorBoardWriter::~TensorBoardWriter() {
  try {
    flush();
  } catch (const std::exception&) {  // nobody is left to tell
  }
  ::close(fd_);
}

void TensorBoardWriter::scalar(const std::string& tag, std::int64_t step, double value) {
  require_tag(tag);
  append_event(Message().bytes(1, tag).real32(2, static_cast<float>(value)).text(), step);
}

void TensorBoardWriter::image(const std::string& tag, std::int64_t step,
                              std::span<const std::uint8_t> png, int width, int height) {
  require_tag(tag);
  const int channels = png_channels(png, tag, width, height);
  const std::string_view encoded(reinterpret_cast<const char*>(png.data()), png.size());
  Message picture;
  picture.number(1, height).number(2, width).number(3, channels).bytes(4, encoded);
  append_event(Message().bytes(1, tag).bytes(4, picture.text()).text(), step);
}

// `payload` is a Summary.Value message.
void TensorBoardWriter::append_event(const std::string& payload, std::int64_t step) {
  const auto now = std::chrono::steady_clock::now();
  // Wall time from the monotonic clock: the curves keep their order when someone sets the clock.
  const double wall = start_wall_ + std::chrono::duration<double>(now - start_).count();
  const Message summary = Message().bytes(1, payload);
  append_record(Message().real64(1, wall).number(2, step).bytes(5, summary.text()).text());
  if (waiting_.size() >= max_waiting_bytes || now - flushed_ >= flush_interval_) flush();
}

void TensorBoardWriter::append_record(const std::string& data) {
  std::string length;
  append_little_endian(length, data.size(), 8);
  waiting_ += length;
  append_little_endian(waiting_, masked_crc(crc32c(as_bytes(length))), 4);
  waiting_ += data;
  append_little_endian(waiting_, masked_crc(crc32c(as_bytes(data))), 4);
}

void TensorBoardWriter::flush() {
  flushed_ = std::chrono::steady_clock::now();
  const std::string records = std::move(waiting_);
  waiting_.clear();
  try {
    write_fully(fd_, as_bytes(records), path_);
  } catch (const Error&) {
    // Readers stop at a broken record, so none may stay in the middle of the file.
    if (::ftruncate(fd_, size_) != 0)
      fail(path_, ": ends with a broken record: ", reason(errno),
           "; the log is not usable further");
    throw;
  }
  size_ += static_cast<std::int64_t>(records.size());
}

namespace {

std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;)
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

// The field "step" of an Event message; 0 if there is none.
std::int64_t step_of_event(std::string_view event) {
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const std::uint8_t*>(event.data()),
                                            static_cast<int>(event.size()));
  std::uint64_t step = 0, skipped64 = 0;
  std::uint32_t length = 0, skipped32 = 0;
  while (const std::uint32_t tag = in.ReadTag()) {
    if (tag == (2 << 3 | 0))
      in.ReadVarint64(&step);
    else if ((tag & 7) == 0)
      in.ReadVarint64(&skipped64);
    else if ((tag & 7) == 1)
      in.ReadLittleEndian64(&skipped64);
    else if ((tag & 7) == 5)
      in.ReadLittleEndian32(&skipped32);
    else if ((tag & 7) != 2 || !in.ReadVarint32(&length) || !in.Skip(static_cast<int>(length)))
      break;
  }
  return static_cast<std::int64_t>(step);
}

// Bytes of the whole records up to the first of a step beyond `last_step`.
std::size_t kept_records(std::string_view file, std::int64_t last_step) {
  std::size_t at = 0;
  while (file.size() - at >= 16) {
    const std::string_view head = file.substr(at, 8);
    const std::uint64_t length = little_endian(head);
    if (masked_crc(crc32c(as_bytes(head))) != little_endian(file.substr(at + 8, 4)) ||
        length > file.size() - at - 16)
      break;
    const std::string_view event = file.substr(at + 12, length);
    if (masked_crc(crc32c(as_bytes(event))) != little_endian(file.substr(at + 12 + length, 4)) ||
        step_of_event(event) > last_step)
      break;
    at += 16 + length;
  }
  return at;
}

}  // namespace

void cut_events(const std::string& directory, std::int64_t last_step) {
  for (const std::string& path : run_files::event_files(directory)) {
    const std::vector<std::uint8_t> bytes = read_file(path, std::size_t{1} << 32);
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const std::size_t kept = kept_records(text, last_step);
    if (kept < bytes.size()) write_file_atomically(path, text.substr(0, kept));
  }
}

std::uint32_t crc32c(std::span<const std::uint8_t> bytes) {
  static constexpr auto table = [] {
    std::array<std::uint32_t, 256> remainders{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t r = i;
      for (int bit = 0; bit < 8; ++bit) r = r >> 1 ^ (r & 1 ? 0x82f63b78u : 0);
      remainders[i] = r;
    }
    return remainders;
  }();
  std::uint32_t crc = ~0u;
  for (const std::uint8_t byte : bytes) crc = crc >> 8 ^ table[(crc ^ byte) & 0xff];
  return ~crc;
}

std::uint32_t masked_crc(std::uint32_t crc) {
  return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

}  // namespace fovea
