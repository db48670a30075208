// mnist_stn summary: what a model is made of.
#include "layers/summary.h"

#include <memory>
#include <set>

#include "apps/mnist_stn/command_line.h"
#include "apps/mnist_stn/commands.h"
#include "apps/networks/model.h"
#include "apps/shell/command.h"
#include "apps/shell/console.h"
#include "apps/shell/usage_error.h"

namespace fovea {

namespace {

struct SummaryOptions {
  std::string model = "tutorial", weights;
  std::vector<std::string> model_options;
  std::vector<int> input;
  int classes = 10;
};

Model open_model(const SummaryOptions& options, const std::set<std::string>& given) {
  if (!options.weights.empty()) {
    require_usage(!given.contains("model-option") && !given.contains("input"),
                  "--weights says what the network is; leave --model-option and --input out");
    require_usage(!given.contains("model") && !given.contains("classes"),
                  "--weights says what the network is; leave --model and --classes out");
    return load_model(options.weights, true);
  }
  for (const int extent : options.input)
    require_usage(extent > 0 && extent <= 4096, "--input takes numbers from 1 to 4096, got ",
                  extent);
  require_usage(options.classes > 0 && options.classes <= 65536, "--classes takes 1 to 65536, got ",
                options.classes);
  const NetworkKind& kind = find_network(options.model);
  ModelInfo info = describe_model(
      kind.name, kind.input, std::vector<std::string>(static_cast<std::size_t>(options.classes)));
  if (!options.input.empty()) info.input = {options.input[0], options.input[1], options.input[2]};
  info.options = options_with(kind.name, options.model_options);
  return make_model(std::move(info), 1);
}

void run(const SummaryOptions& options, const std::set<std::string>& given) {
  const Model model = open_model(options, given);
  model.network->eval();
  print(cat(architecture(*model.network), "\nOptions: ", options_line(model.info.options), "\n\n",
            summary(*model.network, model.info.input)));
}

}  // namespace

void add_summary(CLI::App& app) {
  Command command(app, "summary", "layers, output shapes and parameters of a model");
  const auto options = std::make_shared<SummaryOptions>();
  add_network_options(command, options->model, options->model_options);
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
  command.action([options, command] { run(*options, command.given()); });
}

}  // namespace fovea
