// mnist_stn eval: loss and accuracy of weights on the test images.
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/mnist_stn/command_line.h"
#include "apps/mnist_stn/commands.h"
#include "apps/mnist_stn/pictures.h"
#include "apps/networks/evaluate.h"
#include "apps/networks/model.h"
#include "apps/shell/command.h"
#include "apps/shell/console.h"
#include "apps/shell/json.h"
#include "apps/shell/numbers.h"
#include "core/workers.h"

namespace fovea {

namespace {

struct EvalOptions {
  std::string weights;
  DataOptions data;
  int threads = 0;
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
  const bool shipped = options.weights.empty();
  const std::string weights = shipped ? default_weights() : options.weights;
  const Model model = load_model(weights, options.allow_non_finite);
  const Dataset test = load_test_data(options.data, model.info.mean, model.info.stddev);
  const Evaluation result = evaluate(model, test);
  if (options.json) return print(json_line(model, weights, test, result));
  print(cat("Model: ", model.info.name, ", ",
            grouped(static_cast<std::int64_t>(model.network->parameter_count())), " parameters, ",
            printable(weights), shipped ? " (pre-trained; others with --weights)" : "",
            "\nData:  ", printable(test.name), ", ", grouped(test.size()), " test images\n",
            test_line(result), "\n"));
}

}  // namespace

void add_eval(CLI::App& app) {
  Command command(app, "eval", "loss and accuracy on the test images");
  const auto options = std::make_shared<EvalOptions>();
  command.option("-w,--weights", options->weights,
                 "safetensors file, from here or from PyTorch (default: the pre-trained ones)",
                 "FILE");
  add_data_options(command, options->data);
  add_threads_option(command, options->threads);
  command.flag("--allow-non-finite", options->allow_non_finite,
               "load weights that hold NaN or infinity");
  command.flag("--json", options->json, "print one JSON object");
  command.footer(
      "Examples:\n"
      "  mnist_stn eval --weights runs/first/best.safetensors\n"
      "  mnist_stn eval --weights from-pytorch.safetensors --data ~/fashion-mnist");
  command.action([options] { run(*options); });
}

}  // namespace fovea
