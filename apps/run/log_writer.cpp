#include "apps/run/log_writer.h"

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string_view>

#include "apps/run/run_files.h"
#include "apps/run/tensorboard.h"
#include "core/error.h"

namespace fovea {

namespace {

// Columns of log.csv behind "kind", in order.
constexpr std::string_view columns[] = {
    "epoch",          "step",      "loss",           "accuracy", "train_loss",
    "train_accuracy", "test_loss", "test_accuracy",  "lr",       "samples_per_second",
    "grad_norm",      "seconds",   "theta_deviation"};

// Whole numbers as they are, nine digits for the rest, `nothing` for what does not apply.
std::string number(double value, const char* nothing) {
  if (!std::isfinite(value)) return nothing;
  const bool whole = value == std::floor(value) && std::abs(value) < 1e15;
  char text[40];
  std::snprintf(text, sizeof text, whole ? "%.0f" : "%.9g", value);
  return text;
}

std::string json_line(const char* kind, const std::vector<LogField>& fields) {
  std::string out = cat("{\"kind\":\"", kind, "\"");
  for (const LogField& field : fields)
    out += cat(",\"", field.name, "\":", number(field.value, "null"));
  return out + "}\n";
}

std::string csv_line(const char* kind, const std::vector<LogField>& fields) {
  std::string out = kind;
  for (const std::string_view column : columns) {
    out += ',';
    for (const LogField& field : fields)
      if (field.name == column) out += number(field.value, "");
  }
  return out + "\n";
}

std::string csv_head() {
  std::string out = "kind";
  for (const std::string_view column : columns) out += cat(",", column);
  return out + "\n";
}

std::string path_in(const std::string& directory, const char* name) {
  return (std::filesystem::path(directory) / name).string();
}

}  // namespace

LogWriter::LogWriter(const std::string& directory, std::int64_t csv_bytes, std::int64_t jsonl_bytes,
                     bool tensorboard)
    : directory_(directory),
      csv_(path_in(directory, run_files::log_csv), csv_bytes),
      jsonl_(path_in(directory, run_files::log_jsonl), jsonl_bytes),
      flushed_(std::chrono::steady_clock::now()) {
  if (csv_.size() == 0) csv_.append(csv_head());
  if (tensorboard) tensorboard_ = std::make_unique<TensorBoardWriter>(directory);
}

LogWriter::~LogWriter() = default;

void LogWriter::append(const char* kind, const std::vector<LogField>& fields) {
  csv_.append(csv_line(kind, fields));
  jsonl_.append(json_line(kind, fields));
  if (!tensorboard_) return;
  const auto step = static_cast<std::int64_t>(fields[1].value);
  for (const LogField& field : std::span(fields).subspan(2))
    if (std::isfinite(field.value))
      tensorboard_->scalar(cat(kind, "/", field.name), step, field.value);
}

void LogWriter::step(const StepRecord& r) {
  append("step", {{"epoch", static_cast<double>(r.epoch)},
                  {"step", static_cast<double>(r.step)},
                  {"loss", r.loss},
                  {"accuracy", r.accuracy},
                  {"lr", r.lr},
                  {"samples_per_second", r.samples_per_second},
                  {"grad_norm", r.grad_norm},
                  {"theta_deviation", r.theta_deviation}});
  if (std::chrono::steady_clock::now() - flushed_ > std::chrono::seconds(1)) flush();
}

void LogWriter::epoch(const EpochRecord& r) {
  append("epoch", {{"epoch", static_cast<double>(r.epoch)},
                   {"step", static_cast<double>(r.step)},
                   {"train_loss", r.train_loss},
                   {"train_accuracy", r.train_accuracy},
                   {"test_loss", r.test_loss},
                   {"test_accuracy", r.test_accuracy},
                   {"lr", r.lr},
                   {"samples_per_second", r.samples_per_second},
                   {"seconds", r.seconds}});
  flush();
}

void LogWriter::flush() {
  try {
    csv_.flush();
    jsonl_.flush();
    if (tensorboard_) tensorboard_->flush();
  } catch (const Error& error) {
    fail(error.what(), "; then go on with: train --resume ", directory_);
  }
  flushed_ = std::chrono::steady_clock::now();
}

}  // namespace fovea
