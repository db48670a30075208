// The log of a run: log.csv, log.jsonl and, if wanted, curves for TensorBoard.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "apps/run/append_file.h"

namespace fovea {

class TensorBoardWriter;

/// A named value of a line. What does not apply is NaN: null in log.jsonl, empty in log.csv.
struct LogField {
  std::string name;
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

  /// A line of `kind` "step" or "epoch". `fields` begin with "epoch" (from 1) and "step" (updates
  /// made). log.csv has the columns of log_columns(); another field is in log.jsonl alone.
  void line(const char* kind, const std::vector<LogField>& fields);
  void flush();

  std::int64_t csv_bytes() const { return csv_.size(); }
  std::int64_t jsonl_bytes() const { return jsonl_.size(); }

 private:
  std::string directory_;
  AppendFile csv_, jsonl_;
  std::vector<std::string> columns_;
  std::unique_ptr<TensorBoardWriter> tensorboard_;
  std::chrono::steady_clock::time_point flushed_;
};

/// One line of log.jsonl: the values by name.
class LogLine {
 public:
  double operator[](const std::string& name) const;  ///< NaN if the line does not have it
  std::map<std::string, double> values;
};

/// The lines of log.jsonl (files.h) by kind.
struct RunLog {
  std::vector<LogLine> steps, epochs;
};

/// Empty if the file is missing. Damaged lines are left out (for_each_log_line()), the others are
/// in the order of their steps, each step once; if that changes anything, stderr has a word of it.
RunLog read_run_log(const std::string& path);

/// Says on stderr which lines of log.csv are damaged, or that their steps are not in order.
void check_csv_log(const std::string& path);

}  // namespace fovea
