// Writes log.csv and log.jsonl of a run, and its curves for TensorBoard.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "apps/run/append_file.h"

namespace fovea {

class TensorBoardWriter;

/// One logged step. Epochs count from 1; `step` is how many updates have been made.
struct StepRecord {
  int epoch;
  std::int64_t step;
  double loss, accuracy, lr, samples_per_second, grad_norm;
  double theta_deviation;  ///< NaN without a transformer
};

struct EpochRecord {
  int epoch;
  std::int64_t step;
  double train_loss, train_accuracy, test_loss, test_accuracy, lr, samples_per_second, seconds;
};

/// A named value of a record.
struct LogField {
  const char* name;
  double value;
};

/// Lines wait in memory for a second at most, or until flush(). Errors of all functions: a file
/// that cannot be written.
class LogWriter {
 public:
  /// Goes on in `directory` behind the first `csv_bytes` and `jsonl_bytes`. Errors: as AppendFile.
  LogWriter(const std::string& directory, std::int64_t csv_bytes, std::int64_t jsonl_bytes,
            bool tensorboard);
  ~LogWriter();

  void step(const StepRecord& record);
  void epoch(const EpochRecord& record);
  void flush();

  std::int64_t csv_bytes() const { return csv_.size(); }
  std::int64_t jsonl_bytes() const { return jsonl_.size(); }

 private:
  // `fields` begin with epoch and step.
  void append(const char* kind, const std::vector<LogField>& fields);

  std::string directory_;
  AppendFile csv_, jsonl_;
  std::unique_ptr<TensorBoardWriter> tensorboard_;
  std::chrono::steady_clock::time_point flushed_;
};

}  // namespace fovea
