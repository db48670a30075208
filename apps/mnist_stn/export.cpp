// mnist_stn export: trained networks for other programs, as ONNX and as C.
#include "apps/c_code/export.h"

#include <algorithm>
#include <filesystem>

#include "apps/mnist_stn/command_line.h"
#include "apps/mnist_stn/commands.h"
#include "apps/networks/evaluate.h"
#include "apps/onnx/export.h"
#include "apps/shell/command.h"
#include "apps/shell/console.h"
#include "apps/shell/numbers.h"
#include "apps/shell/outputs.h"
#include "apps/shell/usage_error.h"

namespace fovea {

namespace {

// What eight bits may cost, in points of accuracy.
constexpr double most_lost = 0.1;

struct ExportOptions {
  std::string weights, onnx, samples, c;
  bool int8 = false;
  DataOptions data;
};

std::string numbers(const std::vector<float>& values) {
  std::string out;
  for (const float value : values)
    out += (out.empty() ? "" : ", ") + fixed(static_cast<double>(value), 4);
  return out;
}

void require_different(const char* a_name, const std::string& a, const char* b_name,
                       const std::string& b) {
  require_usage(a.empty() || b.empty() || !is_same_target(a, b), a_name, " and ", b_name,
                " name the same file, ", a);
}

void check(const ExportOptions& o, const std::set<std::string>& given) {
  require_usage(!o.onnx.empty() || !o.c.empty(),
                "export writes a file that --onnx FILE or --c FILE names; give one, or both");
  require_usage(o.samples.empty() || !o.onnx.empty(),
                "--samples goes with --onnx FILE: it holds normalised images");
  require_usage(!o.int8 || !o.c.empty(), "--int8 goes with --c FILE");
  for (const char* option : {"data", "synthetic", "skip-unreadable", "test-limit", "distort"})
    require_usage(o.int8 || !given.contains(option), "--", option,
                  " goes with --int8, whose accuracy is measured on test images");
  require_different("--onnx", o.onnx, "--samples", o.samples);
  require_different("--onnx", o.onnx, "--c", o.c);
  require_different("--samples", o.samples, "--c", o.c);
}

// Rounds the weights, and fails where that costs too much.
void round_weights(const Model& model, const ExportOptions& options) {
  const Dataset test =
      load_test_data(data_of_weights(chosen_weights(options.weights), options.data), model.info);
  const double before = 100 * evaluate(model, test).accuracy();
  round_to_int8(model);
  const double after = 100 * evaluate(model, test).accuracy();
  const std::string figures =
      cat(fixed(before, 2), "% of ", grouped(test.size()), " test images of ", printable(test.name),
          " with weights as they are, ", fixed(after, 2), "% in 8 bits");
  require(before - after <= most_lost, "--int8: ", figures, ": it costs more than ",
          fixed(most_lost, 1), " points; leave out --int8");
  print(figures + "\n");
}

void write_c(const Model& model, const ExportOptions& options) {
  if (options.int8) round_weights(model, options);
  export_c(options.c, model, {.int8 = options.int8});
  const Shape& s = model.info.input;
  print(cat(options.c, ": ",
            grouped(static_cast<std::int64_t>(std::filesystem::file_size(options.c))),
            " bytes of C99, needs math.h\n"
            "  void fovea_predict(const float *pixels, float *log_probabilities);\n"
            "  pixels             float [",
            s[0], ", ", s[1], ", ", s[2],
            "], 0 to 255\n"
            "  log_probabilities  float [",
            model.info.classes(), "]\n"));
}

void write_onnx(const Model& model, const ExportOptions& options) {
  export_onnx(options.onnx, model);
  if (!options.samples.empty()) write_samples(options.samples, model);
  const Shape& s = model.info.input;
  const auto bytes = static_cast<std::int64_t>(std::filesystem::file_size(options.onnx));
  const auto parameters = static_cast<std::int64_t>(model.network->parameter_count());
  print(cat(options.onnx, ": ", grouped(bytes), " bytes, opset 16",
            onnx_is_checked() ? "" : " (unchecked: the ONNX library here is older)", ", ",
            grouped(parameters), " parameters\n  images             float [N, ", s[0], ", ", s[1],
            ", ", s[2], "], (pixel / 255 - mean) / stddev\n                     mean ",
            numbers(model.info.mean), ", stddev ", numbers(model.info.stddev),
            "\n  log_probabilities  float [N, ", model.info.classes(), "]\n"));
}

void run(const ExportOptions& options, const std::set<std::string>& given) {
  check(options, given);
  const std::string weights = chosen_weights(options.weights);
  if (!options.onnx.empty()) require_replaceable(options.onnx, file_marks::onnx, {weights});
  if (!options.samples.empty())
    require_replaceable(options.samples, file_marks::safetensors, {weights});
  if (!options.c.empty()) require_replaceable(options.c, file_marks::c_code, {weights});
  const Model model = load_model(weights);
  if (!options.onnx.empty()) write_onnx(model, options);
  if (!options.c.empty()) write_c(model, options);  // the last: it may round the weights
}

}  // namespace

void add_export(CLI::App& app) {
  const auto command =
      std::make_shared<Command>(app, "export", "write a trained network as ONNX or as C");
  const auto options = std::make_shared<ExportOptions>();
  add_weights_option(*command, options->weights);
  command->option("--onnx", options->onnx, "the ONNX file to write", "FILE");
  command->option("--samples", options->samples,
                  "also write 64 images and the answers to them (safetensors), to compare "
                  "with what another runtime makes of them",
                  "FILE");
  command->option("--c", options->c, "the C file to write", "FILE");
  command->flag("--int8", options->int8,
                "weights of the C file in 8 bits, where that costs no more than 0.1 points of "
                "accuracy on the test images below");
  add_data_options(*command, options->data);
  command->footer(
      "The ONNX file (opset 16, any batch size) has passed the ONNX checker, where that is of\n"
      "1.11 or newer; normalisation and class names are in its metadata. The C file is weights\n"
      "and forward pass of one image; its first lines say how it is called.\n\n"
      "Examples:\n"
      "  mnist_stn export --weights runs/first/best.safetensors --onnx mnist.onnx\n"
      "  mnist_stn export --c mnist.c --int8");
  command->action([options, command] { run(*options, command->given()); });
}

}  // namespace fovea
