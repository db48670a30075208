#include "apps/report/run_report.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>

#include "apps/networks/evaluate.h"
#include "apps/networks/inspect.h"
#include "apps/report/animation.h"
#include "apps/report/before_after.h"
#include "apps/report/chart.h"
#include "apps/report/class_means.h"
#include "apps/report/curves.h"
#include "apps/report/markup.h"
#include "apps/report/pose.h"
#include "apps/run/config.h"
#include "apps/run/confusion.h"
#include "apps/run/files.h"
#include "apps/run/frames.h"
#include "apps/shell/json.h"
#include "core/error.h"
#include "core/file.h"
#include "layers/summary.h"

namespace fovea {

namespace {

// The parts of a report as they are made, and the files beside it.
struct Report {
  const std::string& directory;
  const Model& model;
  const DataSplit& data;
  ReportData page = {};

  std::string path(const std::string& file) const {
    return run_files::report_path(directory, file);
  }
  std::string left(const char* file) const { return run_files::path_in(directory, file); }

  void add_png(const std::string& file, const std::string& title, const std::string& caption,
               const Image& image) {
    std::vector<std::uint8_t> bytes = encode_png(image);
    write_file_atomically(path(file), bytes);
    page.pictures.push_back({title, caption, "image/png", std::move(bytes)});
  }
};

// A JSON value as a person would write it.
std::string plain(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return "–";
  if (!value.is_array()) return dump_json(value);
  std::string out;
  for (const Json& item : value) out += (out.empty() ? "" : ", ") + plain(item);
  return out;
}

std::string duration(double seconds) {
  const auto whole = static_cast<long>(std::lround(seconds));
  if (whole < 60) return cat(fixed(seconds, 1), " s");
  if (whole < 3600) return cat(whole / 60, " min ", whole % 60, " s");
  return cat(whole / 3600, " h ", whole % 3600 / 60, " min");
}

// What stands beside the inputs in pictures.
std::string what_is_shown(const Model& model) {
  for (const Stage& stage : transformer_stages(model))
    if (!stage.of_image)
      return "as the transformers warp them, feature maps being shown as the image in their place";
  return "as the classifier sees them";
}

// What the loss of training includes and that of the test does not.
std::string training_has(const Model& model, const Json& options) {
  std::string out;
  const auto add = [&](bool has, const char* what) {
    if (has) out += (out.empty() ? "" : ", ") + std::string(what);
  };
  const auto above_zero = [&](const char* name) {
    const Json value = options.is_object() ? options.value(name, Json()) : Json();
    return (value.is_number() && value > 0) || (value.is_boolean() && value == true);
  };
  add(architecture(*model.network).find("Dropout") != std::string::npos, "dropout");
  bool varied = false;
  for (const char* name : {"shift", "rotate", "scale", "shear", "elastic", "erase", "flip"})
    varied = varied || above_zero(name);
  add(varied, "augmentation");
  add(above_zero("label-smoothing"), "label smoothing");
  return out;
}

void add_charts(Report& report, const std::vector<RunChart>& charts) {
  for (const RunChart& chart : charts) {
    write_file_atomically(report.path(chart.file), chart.chart.svg);
    report.page.charts.push_back(chart.chart);
  }
}

// How often answers are right that the network is so sure of.
std::vector<RunChart> calibration_chart(const Confusion& confusion) {
  Series right{.name = "right"}, ideal{.name = "as sure as right", .dashed = true};
  double gap = 0;
  std::int64_t total = 0;
  for (const CalibrationBin& bin : confusion.calibration) {
    if (bin.count == 0) continue;
    const double share = static_cast<double>(bin.correct) / static_cast<double>(bin.count);
    right.x.push_back(100 * bin.probability);
    right.y.push_back(100 * share);
    gap += std::abs(share - bin.probability) * static_cast<double>(bin.count);
    total += bin.count;
  }
  if (total == 0) return {};
  ideal.x = ideal.y = {0, 100};
  const ChartOptions options{
      .title = cat("Calibration: sure and right differ by ",
                   fixed(100 * gap / static_cast<double>(total), 2), " points on average"),
      .x_label = "probability of the answer, percent",
      .y_label = "percent right",
      .y_min = 0,
      .y_max = 100};
  const Series both[] = {right, ideal};
  return {{"calibration.svg", {options.title, line_chart_svg(both, options)}}};
}

void add_class_means(Report& report) {
  constexpr int most_classes = 26;
  if (report.model.info.classes() > most_classes || transformer_stages(report.model).empty())
    return;
  const std::vector<SampleView> means = class_means(report.model, report.data.test);
  if (means.empty()) return;
  ContactSheetOptions options = sheet_options(report.data.test.image_shape);
  options.margin = 0;
  options.columns = std::min(5, static_cast<int>(means.size()));
  options.legend = "means of up to 100 test images a class: the sharper, the more alike they are";
  report.add_png("class-means.png", "The mean of each class",
                 cat("test images as they are, and ", what_is_shown(report.model)),
                 contact_sheet(means, options));
}

void add_curves(Report& report, const RunLog& log, const Json& options) {
  add_charts(report, run_charts(log, training_has(report.model, options)));
  add_epoch_table(log, report.page);
}

void add_key_figures(Report& report, const RunLog& log, const std::optional<Confusion>& confusion) {
  auto& figures = report.page.key_figures;
  if (confusion && confusion->total > 0) {
    const double share =
        static_cast<double>(confusion->correct) / static_cast<double>(confusion->total);
    figures.push_back({"test accuracy", fixed(100 * share, 2) + "%"});
    if (std::isfinite(confusion->loss)) figures.push_back({"test loss", fixed(confusion->loss, 4)});
  }
  figures.push_back(
      {"parameters", grouped(static_cast<std::int64_t>(report.model.network->parameter_count()))});
  if (log.epochs.empty()) return;
  const LogLine& last = log.epochs.back();
  figures.push_back({"epochs", fixed(last["epoch"], 0)});
  if (std::isfinite(last["seconds"])) figures.push_back({"time", duration(last["seconds"])});
  std::vector<double> speeds;
  for (const LogLine& e : log.epochs)
    if (std::isfinite(e["samples_per_second"])) speeds.push_back(e["samples_per_second"]);
  if (speeds.empty()) return;
  const auto middle = speeds.begin() + static_cast<std::ptrdiff_t>(speeds.size() / 2);
  std::nth_element(speeds.begin(), middle, speeds.end());
  figures.push_back({"images per second", grouped(std::llround(*middle))});
}

void add_animation(Report& report, const std::vector<TrainingFrame>& frames) {
  if (frames.size() < 2) return;
  const GifWriter gif = training_animation(report.model, report.data.test, frames);
  const std::string bytes = gif.encode();
  write_file_atomically(report.path("training.gif"), bytes);
  report.page.pictures.push_back(
      {"The transformer learns where to look",
       cat(frames.size(), " moments of training, the same test images in each, as they are and ",
           what_is_shown(report.model)),
       "image/gif",
       {bytes.begin(), bytes.end()}});
}

void add_before_after(Report& report, const std::vector<TrainingFrame>& frames) {
  const Dataset& test = report.data.test;
  std::vector<int> indices;
  if (!frames.empty()) {
    indices = frames.back().indices;
  } else {
    indices.resize(static_cast<std::size_t>(std::min(run_files::frame_images, test.size())));
    std::iota(indices.begin(), indices.end(), 0);
  }
  report.add_png("before-after.png", "Before and after",
                 cat("test images as they are, and ", what_is_shown(report.model)),
                 before_after_sheet(report.model, test, indices, sheet_options(test.image_shape)));
}

void add_mistakes(Report& report, const Confusion& confusion) {
  const Dataset& test = report.data.test;
  std::vector<int> indices;
  for (const Mistake& mistake : confusion.mistakes) indices.push_back(mistake.index);
  if (indices.empty()) return;
  report.add_png("mistakes.png", "The worst mistakes",
                 "test images whose wrong answer the network is surest of: truth → answer",
                 before_after_sheet(report.model, test, indices, sheet_options(test.image_shape)));
}

void add_confusion(Report& report, const Confusion& confusion) {
  const auto& names = confusion.class_names;
  if (names.empty() || names.size() > 100) return;  // more would not be legible
  report.page.confusion_svg = confusion_matrix_svg(confusion.matrix, names);
  write_file_atomically(report.path("confusion.svg"), report.page.confusion_svg);
}

std::string title_of(const Report& report) {
  const std::string& data = report.data.test.name;
  if (spatial_transformers(*report.model.network).empty())
    return cat("Without a transformer: ", data);
  return cat("Spatial transformer on ", data);
}

void add_config(Report& report, const RunConfig& config) {
  ReportData& page = report.page;
  page.title = title_of(report);
  page.model_summary = summary(*report.model.network, report.model.info.input);
  page.subtitle = cat("model ", report.model.info.name);
  if (!report.data.train.note.empty()) page.notes.push_back(report.data.train.note);
  if (!config.started.empty()) page.subtitle += cat(", started ", config.started);
  for (const auto& [name, value] : config.options.items())
    page.options.push_back({"--" + name, plain(value)});
  if (!config.command.empty()) page.notes.push_back("Command: " + config.command);
  const auto note = [&](const char* title, const Json& section) {
    std::string text;
    for (const auto& [name, value] : section.items())
      if (name != "architecture" && name != "class_names" && !plain(value).empty())
        text += cat(text.empty() ? "" : "; ", name, " ", plain(value));
    if (!text.empty()) page.notes.push_back(cat(title, ": ", text));
  };
  note("Data", config.data);
  note("Build", config.build);
  note("Machine", config.machine);
  if (!config.fovea.empty()) page.notes.push_back("Fovea " + config.fovea);
}

}  // namespace

void write_run_report(const std::string& directory, const Model& model, const DataSplit& data) {
  require_fitting(model, data.test);
  model.network->eval();
  Report report{directory, model, data};
  const auto confusion = read_confusion(report.left(run_files::confusion));
  const RunConfig config = read_config(report.left(run_files::config));
  add_config(report, config);
  const RunLog log = read_run_log(report.left(run_files::log_jsonl));
  add_key_figures(report, log, confusion);
  const auto frames = read_frames(report.left(run_files::frames), model, data.test);
  add_animation(report, frames);
  add_before_after(report, frames);
  add_class_means(report);
  if (confusion) add_mistakes(report, *confusion);
  add_curves(report, log, config.options);
  add_charts(report, pose_charts(model, frames));
  if (confusion) add_charts(report, calibration_chart(*confusion));
  if (confusion) add_confusion(report, *confusion);
  write_file_atomically(report.path(run_files::report), render_report(report.page));
}

}  // namespace fovea
