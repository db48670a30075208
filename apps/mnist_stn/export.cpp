// mnist_stn export: weights for other programs.
#include "apps/onnx/export.h"

#include <filesystem>

#include "apps/mnist_stn/command_line.h"
#include "apps/mnist_stn/commands.h"
#include "apps/shell/command.h"
#include "apps/shell/console.h"
#include "apps/shell/numbers.h"
#include "apps/shell/outputs.h"
#include "apps/shell/usage_error.h"

namespace fovea {

namespace {

struct ExportOptions {
  std::string weights, onnx, samples;
};

std::string numbers(const std::vector<float>& values) {
  std::string out;
  for (const float value : values)
    out += (out.empty() ? "" : ", ") + fixed(static_cast<double>(value), 4);
  return out;
}

void run(const ExportOptions& options) {
  const std::string weights = chosen_weights(options.weights);
  require_replaceable(options.onnx, file_marks::onnx, {weights});
  if (!options.samples.empty()) {
    require_replaceable(options.samples, file_marks::safetensors, {weights});
    const auto whole = [](const std::string& path) {
      return std::filesystem::weakly_canonical(std::filesystem::absolute(path));
    };
    require_usage(!is_same_file(options.onnx, options.samples) &&
                      whole(options.onnx) != whole(options.samples),
                  "--onnx and --samples name the same file, ", options.onnx);
  }
  const Model model = load_model(weights);
  export_onnx(options.onnx, model);
  if (!options.samples.empty()) write_samples(options.samples, model);
  const Shape& s = model.info.input;
  const auto bytes = static_cast<std::int64_t>(std::filesystem::file_size(options.onnx));
  const auto parameters = static_cast<std::int64_t>(model.network->parameter_count());
  print(cat(options.onnx, ": ", grouped(bytes), " bytes, opset 16, ", grouped(parameters),
            " parameters\n  images             float [N, ", s[0], ", ", s[1], ", ", s[2],
            "], (pixel / 255 - mean) / stddev\n                     mean ",
            numbers(model.info.mean), ", stddev ", numbers(model.info.stddev),
            "\n  log_probabilities  float [N, ", model.info.classes(), "]\n"));
}

}  // namespace

void add_export(CLI::App& app) {
  Command command(app, "export", "write a trained network as an ONNX file");
  const auto options = std::make_shared<ExportOptions>();
  add_weights_option(command, options->weights);
  command.option("--onnx", options->onnx, "the file to write", "FILE").required();
  command.option("--samples", options->samples,
                 "also write 64 images and the answers to them (safetensors), to compare "
                 "with what another runtime makes of them",
                 "FILE");
  command.footer(
      "The file (opset 16, any batch size) has passed the ONNX checker; normalisation and class\n"
      "names are in its metadata.\n\n"
      "Example:\n"
      "  mnist_stn export --weights runs/first/best.safetensors --onnx mnist.onnx");
  command.action([options] { run(*options); });
}

}  // namespace fovea
