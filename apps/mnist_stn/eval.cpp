// mnist_stn eval: loss and accuracy of weights on the test images.
#include <memory>

#include "apps/mnist_stn/command_line.h"
#include "apps/mnist_stn/commands.h"
#include "apps/networks/evaluate.h"
#include "apps/networks/model.h"
#include "apps/shell/command.h"
#include "apps/shell/console.h"
#include "apps/shell/numbers.h"
#include "core/workers.h"

namespace fovea {

namespace {

struct EvalOptions {
  std::string weights;
  DataOptions data;
  int threads = 0;
  bool allow_non_finite = false;
};

void run(const EvalOptions& options) {
  set_threads(options.threads);
  const Model model = load_model(options.weights, options.allow_non_finite);
  const Dataset test = load_test_data(options.data, model.info.mean, model.info.stddev);
  const Evaluation result = evaluate(model, test);
  print(cat("Model: ", model.info.name, ", ",
            grouped(static_cast<std::int64_t>(model.network->parameter_count())), " parameters, ",
            options.weights, "\nData:  ", test.name, ", ", grouped(test.size()), " test images\n",
            test_line(result), "\n"));
}

}  // namespace

void add_eval(CLI::App& app) {
  Command command(app, "eval", "loss and accuracy on the test images");
  const auto options = std::make_shared<EvalOptions>();
  command
      .option("-w,--weights", options->weights, "safetensors file, from here or from PyTorch",
              "FILE")
      .required();
  add_data_options(command, options->data);
  add_threads_option(command, options->threads);
  command.flag("--allow-non-finite", options->allow_non_finite,
               "load weights that hold NaN or infinity");
  command.footer(
      "Examples:\n"
      "  mnist_stn eval --weights runs/first/best.safetensors\n"
      "  mnist_stn eval --weights from-pytorch.safetensors --data ~/fashion-mnist");
  command.action([options] { run(*options); });
}

}  // namespace fovea
