#include "apps/run/run_log.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "apps/report/chart.h"
#include "apps/report/markup.h"
#include "apps/report/ticks.h"
#include "apps/shell/json.h"

namespace fovea {

namespace {

double number(const Json& line, const char* key) {
  const auto value = line.find(key);
  return value == line.end() || value->is_null() ? std::numeric_limits<double>::quiet_NaN()
                                                 : value->get<double>();
}

template <class Line>
Series curve(const std::string& name, const std::vector<Line>& lines, double Line::*x,
             double Line::*y, double factor = 1) {
  Series series{.name = name};
  for (const Line& line : lines) {
    series.x.push_back(line.*x);
    series.y.push_back(factor * line.*y);
  }
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

// Training losses of single steps are noisy and many: the mean of each of up to 200 stretches.
Series smoothed_steps(const RunLog& log) {
  Series series{.name = "training, while learning", .dashed = true};
  const std::size_t count = log.steps.size(), stretch = std::max<std::size_t>(1, count / 200);
  for (std::size_t begin = 0; begin + stretch <= count; begin += stretch) {
    double sum = 0;
    for (std::size_t i = begin; i < begin + stretch; ++i) sum += log.steps[i].loss;
    series.x.push_back(log.steps[begin + stretch - 1].step);
    series.y.push_back(sum / static_cast<double>(stretch));
  }
  return series;
}

bool spans_decades(const std::vector<Series>& all) {
  double low = std::numeric_limits<double>::infinity(), high = 0;
  for (const Series& series : all)
    for (const double y : series.y)
      if (y > 0 && std::isfinite(y)) low = std::min(low, y), high = std::max(high, y);
  return high > 10 * low;
}

}  // namespace

RunLog read_run_log(const std::string& path) {
  RunLog log;
  for_each_json_line(path, [&](const Json& line) {
    const std::string kind = line.at("kind");
    const auto at = [&](const char* key) { return number(line, key); };
    if (kind == "step")
      log.steps.push_back(
          {at("step"), at("epoch"), at("loss"), at("accuracy"), at("lr"), at("theta_deviation")});
    else if (kind == "epoch")
      log.epochs.push_back({at("epoch"), at("step"), at("train_loss"), at("train_accuracy"),
                            at("test_loss"), at("test_accuracy"), at("lr"),
                            at("samples_per_second"), at("seconds")});
  });
  return log;
}

std::vector<RunChart> run_charts(const RunLog& log) {
  using E = RunLog::Epoch;
  using S = RunLog::Step;
  std::vector<RunChart> charts;
  std::vector<Series> losses, accuracies;
  std::string x_label = "epoch";
  if (log.epochs.size() > 1) {
    losses = {curve("training", log.epochs, &E::epoch, &E::train_loss),
              curve("test", log.epochs, &E::epoch, &E::test_loss)};
    accuracies = {curve("training", log.epochs, &E::epoch, &E::train_accuracy, 100),
                  curve("test", log.epochs, &E::epoch, &E::test_accuracy, 100)};
  } else {  // a short run: its steps tell more
    x_label = "step";
    losses = {smoothed_steps(log), curve("test", log.epochs, &E::step, &E::test_loss)};
    accuracies = {curve("training", log.steps, &S::step, &S::accuracy, 100),
                  curve("test", log.epochs, &E::step, &E::test_accuracy, 100)};
  }
  add_chart(charts, "loss.svg", losses,
            {.title = "Loss",
             .x_label = x_label,
             .y_label = "negative log-likelihood",
             .log_y = spans_decades(losses)});
  add_chart(charts, "accuracy.svg", accuracies,
            {.title = "Accuracy", .x_label = x_label, .y_label = "percent right"});
  const bool by_step = log.epochs.size() < 2 || log.steps.size() > log.epochs.size();
  const Series rates = by_step ? curve("learning rate", log.steps, &S::step, &S::learning_rate)
                               : curve("learning rate", log.epochs, &E::step, &E::learning_rate);
  add_chart(charts, "learning-rate.svg", {rates},
            {.title = "Learning rate", .x_label = "step", .y_label = "learning rate", .y_min = 0});
  add_chart(charts, "theta.svg",
            {curve("mean |theta - identity|", log.steps, &S::step, &S::theta_deviation)},
            {.title = "How far the transformer is from doing nothing",
             .x_label = "step",
             .y_label = "mean |theta - identity|",
             .y_min = 0});
  return charts;
}

void add_epoch_table(const RunLog& log, ReportData& report) {
  report.epoch_columns = {"epoch",         "training loss", "training accuracy", "test loss",
                          "test accuracy", "learning rate", "images/s",          "seconds"};
  const auto text = [](double value, int decimals, const char* unit = "") {
    return std::isfinite(value) ? fixed(value, decimals) + unit : std::string("–");
  };
  for (const RunLog::Epoch& e : log.epochs)
    report.epoch_rows.push_back(
        {text(e.epoch, 0), text(e.train_loss, 4), text(100 * e.train_accuracy, 2, "%"),
         text(e.test_loss, 4), text(100 * e.test_accuracy, 2, "%"),
         std::isfinite(e.learning_rate) ? value_label(e.learning_rate) : "–",
         std::isfinite(e.samples_per_second) ? grouped(std::llround(e.samples_per_second)) : "–",
         text(e.seconds, 1)});
}

}  // namespace fovea
