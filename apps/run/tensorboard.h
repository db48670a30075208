// A log that TensorBoard shows: `tensorboard --logdir DIRECTORY`.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>

namespace fovea {

/// Writes scalars and images to DIRECTORY/events.out.tfevents.TIME.HOST.PID.N.fovea, a new
/// file for every writer: TFRecord framing (tensorflow/core/lib/io/record_writer.h) around
/// Event messages (tensorflow/core/util/event.proto). Not for use by several threads at once.
class TensorBoardWriter {
 public:
  /// Records reach the file when `flush_interval` has passed since the last time, at 256 KiB, at
  /// flush() and at the end. Error: the folder or the file cannot be made or written.
  explicit TensorBoardWriter(
      const std::string& directory,
      std::chrono::steady_clock::duration flush_interval = std::chrono::seconds(5));
  ~TensorBoardWriter();  ///< flushes; a failure there is silent, call flush() to hear of it
  TensorBoardWriter(const TensorBoardWriter&) = delete;
  TensorBoardWriter& operator=(const TensorBoardWriter&) = delete;

  /// One point of the curve `tag`; NaN and infinity are shown as such. Kept as float, which is all
  /// that the format has. Error: the tag is empty or not UTF-8, or as flush().
  void scalar(const std::string& tag, std::int64_t step, double value);

  /// A PNG file of `width` x `height` pixels. Error: not a PNG or of another size, or as scalar().
  void image(const std::string& tag, std::int64_t step, std::span<const std::uint8_t> png,
             int width, int height);

  /// Brings all records to the file. Error: disk full and the like; the file then ends with a whole
  /// record, what was waiting is dropped, and later records can be written again.
  void flush();

  const std::string& path() const { return path_; }

 private:
  void create(const std::string& directory);
  void append_event(const std::string& payload, std::int64_t step);
  void append_record(const std::string& data);

  std::string path_;
  int fd_ = -1;
  std::int64_t size_ = 0;  // bytes of whole records in the file
  std::string waiting_;    // whole records not yet in the file
  double start_wall_ = 0;  // seconds since 1970 when the writer was made
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point flushed_;
  std::chrono::steady_clock::duration flush_interval_;
};

/// Cuts what our writers left in `directory` behind the last whole record of a step that is not
/// beyond `last_step`: who goes on from there logs what follows once more.
void cut_events(const std::string& directory, std::int64_t last_step);

/// CRC-32C (Castagnoli; RFC 3720 appendix B.4) of `bytes`, and TFRecord's masked form of a CRC.
std::uint32_t crc32c(std::span<const std::uint8_t> bytes);
std::uint32_t masked_crc(std::uint32_t crc);

}  // namespace fovea
