// A volumetric spatial transformer: learns from classes alone to turn solid digits to face the
// viewer, sums them along the depth, and reads the picture; beside a control that sums them as they
// are (Jaderberg et al. 2015, appendix A.3).
// Usage: volumes [EPOCHS] (default 5)
#include <charconv>
#include <cstdio>
#include <cstring>
#include <numeric>

#include "core/version.h"
#include "data/loader.h"
#include "data/synthetic_volumes.h"
#include "layers/all.h"
#include "optim/adam.h"

using namespace fovea;

namespace {

std::unique_ptr<Module> make_transformer(int voxels, Random& rng) {
  auto finder = std::make_unique<Sequential>();
  finder->add<Linear>({.in = voxels, .out = 64}, rng)
      .add<ReLU>()
      .add<Linear>({.in = 64, .out = 12}, rng);
  init_identity3d(*finder);
  return std::make_unique<SpatialTransformer3d>(std::move(finder));
}

double test_accuracy(const DataSplit& data, int epochs, bool transform) {
  const int size = data.train.image_shape[0], side = size / 2;
  Random rng(1);
  const auto transformer = make_transformer(size * size * size, rng);
  Sequential reader;
  reader.add<Conv2d>({.in = 1, .out = 16, .kernel = 5, .padding = 2}, rng)
      .add<MaxPool2d>({.kernel = 2})
      .add<ReLU>()
      .add<Linear>({.in = 16 * side * side, .out = data.train.classes()}, rng);
  const auto net = [&](const Tensor& slices) {
    const Tensor volume = slices.reshape({1, size, size, size});
    return reader(mean(transform ? (*transformer)(volume) : volume, {1}));
  };

  // As everywhere with transformers: theta learns slower than the rest.
  Adam optimizer({{.parameters = reader.parameters()},
                  {.parameters = transformer->parameters(), .lr_scale = 0.3}},
                 {.lr = 0.003});
  Loader loader(data.train, {.batch = 64});
  for (int epoch = 1; epoch <= epochs; ++epoch) {
    double loss = 0;
    int batches = 0;
    for (const Batch& batch : loader) {
      loss +=
          train_step(batch, [&](const Tile& t) { return cross_entropy(net(t.images), t.labels); });
      optimizer.step();
      ++batches;
    }
    std::printf("%s, epoch %d: loss %.4f\n", transform ? "transformer" : "control", epoch,
                loss / batches);
  }
  std::vector<int> right(static_cast<std::size_t>(tile_count(data.test.size())));
  for_each_tile(batch_of(data.test, 0, data.test.size()), [&](const Tile& t) {
    right[static_cast<std::size_t>(t.index)] = count_correct(net(t.images), t);
  });
  return 100.0 * std::accumulate(right.begin(), right.end(), 0) / data.test.size();
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc > 1 && argv[1] == std::string("--version"))
    return std::printf("volumes, Fovea %s\n", version) < 0;
  int epochs = 5;
  if (argc > 1) {
    const char* const end = argv[1] + std::strlen(argv[1]);
    const auto [stop, error] = std::from_chars(argv[1], end, epochs);
    if (argc > 2 || stop != end || error != std::errc() || epochs < 1) {
      std::fprintf(stderr, "usage: volumes [EPOCHS], a whole number from 1 on\n");
      return 2;
    }
  }
  const DataSplit data = synthetic_volumes({});
  const double control = test_accuracy(data, epochs, false);
  const double transformer = test_accuracy(data, epochs, true);
  std::printf("test accuracy %.1f%% with the transformer, %.1f%% without\n", transformer, control);
} catch (const std::exception& error) {
  std::fprintf(stderr, "volumes: error: %s\n", error.what());
  return 1;
}
