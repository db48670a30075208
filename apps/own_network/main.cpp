// A network of your own, with a transformer on its feature maps and a loss of your own, through all
// that mnist_stn has: checkpoints, resume, log, report, evaluation, weights, ONNX.
// Usage: own_network [FOLDER of the run]; again with the same folder: it goes on.
#include <cstdio>

#include "apps/onnx/export.h"
#include "apps/train/train.h"
#include "core/version.h"
#include "data/synthetic.h"
#include "layers/all.h"

using namespace fovea;

std::unique_ptr<Module> make(const NetworkSpec& spec, Random& rng) {
  const auto warp = make_warp("similarity");
  const int features = 8 * (spec.input[1] / 2) * (spec.input[2] / 2);
  auto finder = std::make_unique<Sequential>();
  finder->add<Linear>({.in = features, .out = warp->theta_size()}, rng);
  init_identity(*finder, *warp);
  auto net = std::make_unique<Sequential>();
  net->add<Conv2d>({.in = spec.input[0], .out = 8, .kernel = 5, .padding = 2}, rng)
      .add<MaxPool2d>({.kernel = 2})
      .add<ReLU>()
      .add<SpatialTransformer>(std::move(finder), warp)
      .add<Linear>({.in = features, .out = spec.classes}, rng)
      .add<LogSoftmax>();
  return net;
}

int main(int argc, char** argv) try {
  if (argc > 1 && argv[1] == std::string("--version"))
    return std::printf("own_network, Fovea %s\n", version) < 0;
  if (argc > 2 || (argc > 1 && argv[1][0] == '-')) {
    std::fprintf(stderr, "usage: own_network [FOLDER of the run]\n");
    return 2;
  }
  add_network({"own", "a transformer on feature maps", {}, make});
  const std::string folder = argc > 1 ? argv[1] : "own_run";
  const auto data = [] { return synthetic_digits({.train = 5000, .test = 1000}); };
  TrainOptions options = begin_or_resume(folder);
  options.model = "own", options.epochs = 2;
  const Loss loss = [](const Tensor& y, const Labels& l) {
    return cross_entropy(y, l, Real(0.05));
  };
  if (const int code = train(options, {.data = data, .loss = loss})) return code;

  const Model model = load_model(folder + "/best.safetensors");
  std::printf("%s\n", test_line(evaluate(model, data().test)).c_str());
  save_model(folder + "/own.safetensors", model);
  export_onnx(folder + "/own.onnx", model);
} catch (const std::exception& error) {
  std::fprintf(stderr, "own_network: error: %s\n", error.what());
  return 1;
}
