// mnist_stn summary: what a model is made of.
#include <memory>

#include "apps/mnist_stn/commands.h"
#include "apps/networks/model.h"
#include "apps/shell/command.h"
#include "apps/shell/console.h"
#include "apps/shell/usage_error.h"

namespace fovea {

namespace {

struct SummaryOptions {
  std::string model = "tutorial", weights;
  std::vector<int> input;
  int classes = 10;
};

Model open_model(const SummaryOptions& options) {
  if (!options.weights.empty()) return load_model(options.weights, true);
  for (const int extent : options.input)
    require_usage(extent > 0 && extent <= 4096, "--input takes numbers from 1 to 4096, got ",
                  extent);
  require_usage(options.classes > 0 && options.classes <= 65536, "--classes takes 1 to 65536, got ",
                options.classes);
  Shape input = options.model.starts_with("cifar") ? Shape{3, 32, 32} : Shape{1, 28, 28};
  if (!options.input.empty()) input = {options.input[0], options.input[1], options.input[2]};
  ModelInfo info;
  info.name = options.model;
  info.network = model_options(options.model, input, options.classes);
  return make_model(std::move(info), 1);
}

void run(const SummaryOptions& options) {
  const Model model = open_model(options);
  model.network->eval();
  print(
      cat(architecture(*model.network), "\n\n", summary(*model.network, model.info.network.input)));
}

}  // namespace

void add_summary(CLI::App& app) {
  Command command(app, "summary", "layers, output shapes and parameters of a model");
  const auto options = std::make_shared<SummaryOptions>();
  std::string names = "one of:";
  for (const auto& [name, description] : model_names()) names += "\n  " + name + ": " + description;
  command.option("--model", options->model, names, "NAME");
  command
      .option("--input", options->input,
              "channels, height and width of the images (default: 1 28 28, cifar: 3 32 32)", "N")
      .count(3);
  command.option("--classes", options->classes, "number of classes", "N");
  command.option("-w,--weights", options->weights, "the model of this file instead", "FILE");
  command.footer(
      "Examples:\n"
      "  mnist_stn summary\n"
      "  mnist_stn summary --model cifar\n"
      "  mnist_stn summary --weights runs/first/best.safetensors");
  command.action([options] { run(*options); });
}

}  // namespace fovea
