#include "apps/report/curves.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "apps/report/chart.h"
#include "apps/report/markup.h"
#include "apps/report/pose.h"
#include "apps/report/ticks.h"
#include "core/error.h"

namespace fovea {

namespace {

Series curve(const std::string& name, const std::vector<LogLine>& lines, const char* x,
             const std::string& y, double factor = 1) {
  Series series{.name = name};
  for (const LogLine& line : lines) {
    series.x.push_back(line[x]);
    series.y.push_back(factor * line[y]);
  }
  return series;
}

// In percent. None wrong has no place on a logarithmic axis: a gap.
Series error_curve(const std::string& name, const std::vector<LogLine>& lines, const char* x,
                   const std::string& accuracy) {
  Series series = curve(name, lines, x, accuracy);
  for (double& y : series.y) y = 100 * (1 - y);
  return series;
}

bool has_values(const Series& series) {
  return std::any_of(series.y.begin(), series.y.end(), [](double y) { return std::isfinite(y); });
}

void add_chart(std::vector<RunChart>& charts, const std::string& file, std::vector<Series> series,
               const ChartOptions& options) {
  std::erase_if(series, [](const Series& s) { return !has_values(s); });
  if (!series.empty()) charts.push_back({file, {options.title, line_chart_svg(series, options)}});
}

// Training losses of single steps are noisy and many: the mean of each of about `points` stretches.
Series smoothed_steps(const RunLog& log, const std::string& name, std::size_t points = 200) {
  Series series{.name = name, .dashed = true};
  const std::size_t count = log.steps.size(), stretch = std::max<std::size_t>(1, count / points);
  for (std::size_t begin = 0; begin + stretch <= count; begin += stretch) {
    double sum = 0;
    for (std::size_t i = begin; i < begin + stretch; ++i) sum += log.steps[i]["loss"];
    series.x.push_back(log.steps[begin + stretch - 1]["step"]);
    series.y.push_back(sum / static_cast<double>(stretch));
  }
  return series;
}

// Whether a logarithmic axis shows more: values differ by more than a factor of five.
bool spans_decades(const std::vector<Series>& all) {
  double low = std::numeric_limits<double>::infinity(), high = 0;
  for (const Series& series : all)
    for (const double y : series.y)
      if (y > 0 && std::isfinite(y)) low = std::min(low, y), high = std::max(high, y);
  return high > 5 * low;
}

// What the epochs were judged by: "validation" or "test".
std::string judged_by(const RunLog& log) {
  for (const LogLine& e : log.epochs)
    if (std::isfinite(e["validation_loss"])) return "validation";
  return "test";
}

}  // namespace

std::vector<RunChart> run_charts(const RunLog& log, const std::string& training_has) {
  const std::string set = judged_by(log), set_loss = set + "_loss",
                    set_accuracy = set + "_accuracy";
  std::vector<RunChart> charts;
  std::vector<Series> losses, errors;
  const std::string training =
      training_has.empty() ? "training" : cat("training (with ", training_has, ")");
  std::string x_label = "epoch";
  if (log.epochs.size() > 1) {
    losses = {curve(training, log.epochs, "epoch", "train_loss"),
              curve(set, log.epochs, "epoch", set_loss)};
    errors = {error_curve(training, log.epochs, "epoch", "train_accuracy"),
              error_curve(set, log.epochs, "epoch", set_accuracy)};
  } else {  // a short run: its steps tell more
    x_label = "step";
    losses = {smoothed_steps(log, training), curve(set, log.epochs, "step", set_loss)};
    errors = {error_curve(training, log.steps, "step", "accuracy"),
              error_curve(set, log.epochs, "step", set_accuracy)};
  }
  add_chart(charts, "loss.svg", losses,
            {.title = "Loss",
             .x_label = x_label,
             .y_label = "negative log-likelihood",
             .log_y = spans_decades(losses)});
  add_chart(charts, "error.svg", errors,
            {.title = "Error",
             .x_label = x_label,
             .y_label = "percent wrong",
             .log_y = spans_decades(errors)});
  if (log.epochs.size() > 1) {
    constexpr std::size_t points = 25;
    std::vector<Series> steps = {curve("one step", log.steps, "step", "loss")};
    if (log.steps.size() >= 3 * points) steps.push_back(smoothed_steps(log, "mean", points));
    add_chart(charts, "step-loss.svg", steps,
              {.title = "Loss of single steps",
               .x_label = "step",
               .y_label = "loss",
               .log_y = spans_decades(steps)});
  }
  const std::vector<Series> norms = {curve("norm", log.steps, "step", "grad_norm")};
  add_chart(charts, "gradient-norm.svg", norms,
            {.title = "Norm of all gradients, before clipping",
             .x_label = "step",
             .y_label = "norm",
             .log_y = spans_decades(norms)});
  const bool by_step = log.epochs.size() < 2 || log.steps.size() > log.epochs.size();
  const Series rates = by_step ? curve("learning rate", log.steps, "step", "lr")
                               : curve("learning rate", log.epochs, "step", "lr");
  add_chart(charts, "learning-rate.svg", {rates},
            {.title = "Learning rate", .x_label = "step", .y_label = "learning rate", .y_min = 0});
  return charts;
}

void add_epoch_table(const RunLog& log, ReportData& report) {
  const std::string set = judged_by(log);
  report.epoch_columns = {"epoch",           "training loss", "training accuracy", set + " loss",
                          set + " accuracy", "learning rate", "images/s",          "seconds"};
  const auto text = [](double value, int decimals, const char* unit = "") {
    return std::isfinite(value) ? fixed(value, decimals) + unit : std::string("–");
  };
  const bool warps = std::any_of(log.epochs.begin(), log.epochs.end(),
                                 [](const LogLine& e) { return logged_summary(e).has_value(); });
  if (warps) report.epoch_columns.push_back("what the transformer samples, mean ± spread");
  for (const LogLine& e : log.epochs) {
    report.epoch_rows.push_back(
        {text(e["epoch"], 0), text(e["train_loss"], 4), text(100 * e["train_accuracy"], 2, "%"),
         text(e[set + "_loss"], 4), text(100 * e[set + "_accuracy"], 2, "%"),
         std::isfinite(e["lr"]) ? value_label(e["lr"]) : "–",
         std::isfinite(e["samples_per_second"]) ? grouped(std::llround(e["samples_per_second"]))
                                                : "–",
         text(e["seconds"], 1)});
    if (!warps) continue;
    const auto summary = logged_summary(e);
    report.epoch_rows.back().push_back(summary ? in_words(*summary) : "–");
  }
}

}  // namespace fovea
