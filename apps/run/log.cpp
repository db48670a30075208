#include "apps/run/log.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "apps/run/files.h"
#include "apps/run/log_lines.h"
#include "apps/run/tensorboard.h"
#include "apps/shell/build_info.h"
#include "apps/shell/strict_json.h"
#include "core/error.h"

namespace fovea {

namespace {

// The columns of a new log.csv behind "kind", in order: a new logged value adds its name.
constexpr const char* new_columns[] = {"epoch",
                                       "step",
                                       "loss",
                                       "accuracy",
                                       "train_loss",
                                       "train_accuracy",
                                       "test_loss",
                                       "test_accuracy",
                                       "lr",
                                       "samples_per_second",
                                       "grad_norm",
                                       "seconds",
                                       "theta_deviation",
                                       "validation_loss",
                                       "validation_accuracy",
                                       "theta_rotation",
                                       "theta_rotation_spread",
                                       "theta_slant",
                                       "theta_slant_spread",
                                       "theta_size",
                                       "theta_size_spread",
                                       "theta_shift_x",
                                       "theta_shift_x_spread",
                                       "theta_shift_y",
                                       "theta_shift_y_spread",
                                       "theta_mirrored",
                                       "theta_bend",
                                       "theta_outside"};

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

std::string csv_line(const char* kind, const std::vector<LogField>& fields,
                     const std::vector<std::string>& columns) {
  std::string out = kind;
  for (const std::string& column : columns) {
    out += ',';
    for (const LogField& field : fields)
      if (field.name == column) out += number(field.value, "");
  }
  return out + "\n";
}

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells(1);
  for (const char c : line)
    if (c == ',')
      cells.emplace_back();
    else if (c != '\r')  // as editors of Windows end lines
      cells.back() += c;
  return cells;
}

// Those of the file that is there: a run may go on with a program that logs more.
std::vector<std::string> columns_of(const std::string& path, std::int64_t bytes) {
  std::vector<std::string> columns(std::begin(new_columns), std::end(new_columns));
  if (bytes == 0) return columns;
  std::ifstream file(path);
  std::string head;
  std::getline(file, head);
  columns = cells_of(head);
  if (!columns.empty()) columns.erase(columns.begin());  // "kind"
  return columns;
}

std::optional<double> number_of(const std::string& text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
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
      columns_(columns_of(path_in(directory, run_files::log_csv), csv_.size())),
      flushed_(std::chrono::steady_clock::now()) {
  if (csv_.size() == 0) {
    std::string head = "kind";
    for (const std::string& column : columns_) head += "," + column;
    csv_.append(head + "\n");
  }
  if (tensorboard) tensorboard_ = std::make_unique<TensorBoardWriter>(directory);
}

LogWriter::~LogWriter() = default;

void LogWriter::line(const char* kind, const std::vector<LogField>& fields) {
  csv_.append(csv_line(kind, fields, columns_));
  jsonl_.append(json_line(kind, fields));
  if (tensorboard_) {
    const auto step = static_cast<std::int64_t>(fields[1].value);
    for (const LogField& field : std::span(fields).subspan(2))
      if (std::isfinite(field.value))
        tensorboard_->scalar(cat(kind, "/", field.name), step, field.value);
  }
  if (std::chrono::steady_clock::now() - flushed_ > std::chrono::seconds(1)) flush();
}

void LogWriter::flush() {
  try {
    csv_.flush();
    jsonl_.flush();
    if (tensorboard_) tensorboard_->flush();
  } catch (const Error& error) {
    fail(error.what(), "; then go on with: ", resume_command(directory_));
  }
  flushed_ = std::chrono::steady_clock::now();
}

double LogLine::operator[](const std::string& name) const {
  const auto value = values.find(name);
  return value == values.end() ? std::numeric_limits<double>::quiet_NaN() : value->second;
}

RunLog read_run_log(const std::string& path) {
  RunLog log;
  for_each_log_line(path, [&](const Json& json) {
    LogLine line;
    for (const auto& [name, value] : json.items())
      if (name != "kind" && !value.is_null()) read_strictly(value, name, line.values[name]);
    const std::string kind = json.at("kind");
    require(kind == "step" || kind == "epoch", "its kind is ", printable(kind, 60));
    require(std::isfinite(line["step"]), "it has no step");
    require(kind == "step" || std::isfinite(line["epoch"]), "it has no epoch");
    (kind == "step" ? log.steps : log.epochs).push_back(std::move(line));
  });
  const auto step = [](const LogLine& line) { return line["step"]; };
  const bool moved = sort_by_step(log.steps, step);
  if (sort_by_step(log.epochs, step) || moved) warn_of_order(path);
  return log;
}

void check_csv_log(const std::string& path) {
  std::ifstream file(path);
  DamagedLines damaged;
  std::size_t columns = 0;
  std::map<std::string, double> last;  // step, by kind
  bool ordered = true;
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    const std::vector<std::string> cells = cells_of(line);
    if (number++ == 0) columns = cells.size();
    if (number == 1 || cells == std::vector<std::string>(1)) continue;
    try {
      require(cells.size() == columns, "it has ", cells.size(), " cells, the first line ", columns);
      require(cells[0] == "step" || cells[0] == "epoch", "its kind is ", printable(cells[0], 60));
      for (std::size_t i = 1; i < cells.size(); ++i)
        require(cells[i].empty() ? i > 2 : number_of(cells[i]).has_value(), printable(cells[i], 60),
                " is no number");
      const double step = *number_of(cells[2]);
      ordered = ordered && (!last.contains(cells[0]) || last[cells[0]] < step);
      last[cells[0]] = step;
    } catch (const Error& error) {
      damaged.add(number, error.what());
    }
  }
  damaged.report(path);
  if (!ordered) warn_of_order(path);
}

}  // namespace fovea
