#include "apps/mnist_stn/sweep.h"

#include <algorithm>

#include "apps/networks/evaluate.h"
#include "apps/report/chart.h"
#include "apps/shell/console.h"
#include "apps/shell/numbers.h"
#include "apps/shell/outputs.h"
#include "apps/shell/suggest.h"
#include "apps/shell/usage_error.h"
#include "core/file.h"
#include "data/sweep.h"

namespace fovea {

namespace {

std::vector<std::string> sweep_names() {
  std::vector<std::string> names;
  for (const Sweep& sweep : sweeps()) names.push_back(sweep.name);
  return names;
}

// Percent right at each value of the sweep, on the canvas that the model takes.
Series curve(const Model& model, const Dataset& base, const Sweep& sweep) {
  const Shape& canvas = model.info.input;
  require(canvas[0] == base.image_shape[0], "the model takes images of ", canvas[0],
          " channels, and the digits of ", base.name, " have ", base.image_shape[0],
          ": a sweep moves one image");
  Series series{.name = model.info.name, .x = sweep.values};
  for (const double value : sweep.values) {
    Dataset images = swept(base, sweep, value, canvas[1], canvas[2]);
    images.mean = model.info.mean, images.stddev = model.info.stddev;
    series.y.push_back(100 * evaluate(model, images).accuracy());
  }
  return series;
}

}  // namespace

void check_sweep(const SweepOptions& options) {
  require_usage(!options.name.empty() || (options.control.empty() && options.chart.empty()),
                "--control and --chart belong to a sweep; name one with --sweep");
  const std::vector<std::string> names = sweep_names();
  if (!options.name.empty() && std::find(names.begin(), names.end(), options.name) == names.end())
    throw_unknown("--sweep", options.name, names);
}

void run_sweep(const SweepOptions& options, const std::string& weights, const Model& model,
               const DataOptions& data) {
  const std::string file =
      options.chart.empty() ? cat("sweep-", options.name, ".svg") : options.chart;
  require_replaceable(file, file_marks::svg, {weights, options.control});
  require_not_of_data(data, file);
  const Sweep& sweep = *std::find_if(sweeps().begin(), sweeps().end(),
                                     [&](const Sweep& s) { return s.name == options.name; });
  const Dataset base = load_test_data(data);
  std::vector<Series> curves = {curve(model, base, sweep)};
  std::string head = cat("Model: ", model.info.name, ", ", weights, "\n");
  if (!options.control.empty()) {
    const Model control = load_model(options.control);
    curves.push_back(curve(control, base, sweep));
    head += cat("Beside: ", control.info.name, ", ", options.control, "\n");
    if (curves[0].name == curves[1].name) curves[1].name += " (control)";
    curves[1].dashed = true;
  }
  print(cat(head, "Data:  ", base.name, ", ", grouped(base.size()), " test images\n\n", sweep.name,
            " (", sweep.unit, ")"));
  for (const Series& series : curves) print("\t" + series.name);
  print("\n");
  for (std::size_t i = 0; i < sweep.values.size(); ++i) {
    print(fixed(sweep.values[i], 1));
    for (const Series& series : curves) print("\t" + fixed(series.y[i], 2) + "%");
    print("\n");
  }
  write_file_atomically(file, line_chart_svg(curves, {.title = cat("Accuracy by ", sweep.name),
                                                      .x_label = cat(sweep.name, ", ", sweep.unit),
                                                      .y_label = "percent right",
                                                      .y_max = 100}));
  print(cat("\nChart: ", file, "\n"));
}

}  // namespace fovea
