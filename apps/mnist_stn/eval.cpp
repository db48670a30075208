// mnist_stn eval: loss and accuracy of weights on the test images.
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/mnist_stn/command_line.h"
#include "apps/mnist_stn/commands.h"
#include "apps/mnist_stn/pictures.h"
#include "apps/mnist_stn/sweep.h"
#include "apps/networks/evaluate.h"
#include "apps/networks/model.h"
#include "apps/shell/command.h"
#include "apps/shell/console.h"
#include "apps/shell/json.h"
#include "apps/shell/numbers.h"
#include "apps/shell/usage_error.h"
#include "core/workers.h"

namespace fovea {

namespace {

struct EvalOptions {
  std::string weights;
  DataOptions data;
  SweepOptions sweep;
  int threads = 0, draws = 1;
  bool allow_non_finite = false, json = false;
};

std::string json_line(const Model& model, const std::string& weights, const Dataset& test,
                      const Evaluation& result) {
  const Json line = {{"model", model.info.name}, {"parameters", model.network->parameter_count()},
                     {"weights", weights},       {"data", test.name},
                     {"loss", result.loss},      {"correct", result.correct},
                     {"total", result.total},    {"accuracy", result.accuracy()}};
  return dump_json(line) + "\n";
}

void run(const EvalOptions& options) {
  set_threads(options.threads);
  check_sweep(options.sweep);
  const bool shipped = options.weights.empty();
  const std::string weights = shipped ? default_weights() : options.weights;
  const Model model = load_model(weights, options.allow_non_finite);
  const DataOptions data = data_of_weights(weights, options.data);
  const std::string distortion = chosen_distortion(options.data.distortion, model.info.distortion);
  require_usage(options.draws == 1 || !distortion.empty(),
                "--draws: test images that are not distorted are always the same; "
                "name a distortion with --distort, or leave it out");
  require_usage(!options.json || (options.draws == 1 && options.sweep.name.empty()),
                "--json gives the figures of one test set; leave out --draws and --sweep");
  if (!options.sweep.name.empty()) {
    require_usage(options.data.distortion.empty() && options.draws == 1,
                  "--sweep moves images by itself; leave out --distort and --draws");
    return run_sweep(options.sweep, weights, model, data);
  }
  const bool of_run = options.data.directory.empty() && !options.data.synthetic &&
                      (data.synthetic || !data.directory.empty());
  const Dataset test = load_test_data(data, model.info);
  const Evaluation first = evaluate(model, test);
  if (options.json) return print(json_line(model, weights, test, first));
  print(cat("Model: ", model.info.name, ", ",
            grouped(static_cast<std::int64_t>(model.network->parameter_count())), " parameters, ",
            printable(weights), shipped ? " (pre-trained; others with --weights)" : "",
            "\nData:  ", printable(test.name), ", ", grouped(test.size()), " test images",
            of_run ? ", as in training" : "", "\n", test_line(first), "\n"));
  if (options.draws == 1) return;
  std::vector<double> errors = {100 * (1 - first.accuracy())};
  for (int draw = 2; draw <= options.draws; ++draw) {
    const Evaluation e = evaluate(model, load_test_data(data, model.info, draw));
    print(test_line(e, cat("Draw ", draw).c_str()) + "\n");
    errors.push_back(100 * (1 - e.accuracy()));
  }
  const MeanAndError all = mean_and_error(errors);
  print(cat("Error of ", options.draws, " draws: ", fixed(all.mean, 3), " ± ", fixed(all.error, 3),
            "% (mean, its standard error)\n"));
}

}  // namespace

void add_eval(CLI::App& app) {
  Command command(app, "eval", "loss and accuracy on the test images");
  const auto options = std::make_shared<EvalOptions>();
  command.option("-w,--weights", options->weights,
                 "safetensors file, from here or from PyTorch (default: the pre-trained ones)",
                 "FILE");
  add_data_options(command, options->data);
  command
      .option("--draws", options->draws,
              "distort the test images in N ways, and give the mean and its standard error", "N")
      .range(1, 1000);
  command.option("--sweep", options->sweep.name,
                 "accuracy against rotation, scale or shift of the test images: a table, and a "
                 "chart",
                 "NAME");
  command.option("--control", options->sweep.control, "with --sweep: other weights to compare with",
                 "FILE");
  command.option("--chart", options->sweep.chart,
                 "with --sweep: the SVG file (default: sweep-NAME.svg)", "FILE");
  add_threads_option(command, options->threads);
  command.flag("--allow-non-finite", options->allow_non_finite,
               "load weights that hold NaN or infinity");
  command.flag("--json", options->json, "print one JSON object");
  command.footer(
      "Examples:\n"
      "  mnist_stn eval --weights runs/first/best.safetensors\n"
      "  mnist_stn eval --weights runs/rts/best.safetensors --draws 5\n"
      "  mnist_stn eval --weights runs/rts/best.safetensors --sweep rotation\n"
      "  mnist_stn eval --weights from-pytorch.safetensors --data ~/fashion-mnist");
  command.action([options] { run(*options); });
}

}  // namespace fovea
