// The smallest whole program: load, train, evaluate, save and load again.
// Usage: minimal [FOLDER with a data set; without one, on drawn digits]
#include <cstdio>
#include <numeric>

#include "core/version.h"
#include "data/loader.h"
#include "data/open_dataset.h"
#include "data/synthetic.h"
#include "layers/all.h"
#include "optim/adam.h"

using namespace fovea;

int main(int argc, char** argv) try {
  if (argc > 1 && argv[1] == std::string("--version"))
    return std::printf("minimal, Fovea %s\n", version) < 0;
  if (argc > 2 || (argc > 1 && argv[1][0] == '-')) {
    std::fprintf(stderr, "usage: minimal [FOLDER with a data set]\n");
    return 2;
  }
  const DataSplit data = argc > 1 ? open_dataset(argv[1]) : synthetic_digits({.train = 10000});
  const Shape& image = data.train.image_shape;
  Random rng(1);
  Sequential net;
  net.add<Conv2d>({.in = image[0], .out = 8, .kernel = 5, .padding = 2}, rng)
      .add<MaxPool2d>({.kernel = 2})
      .add<ReLU>()
      .add<Linear>({.in = 8 * (image[1] / 2) * (image[2] / 2), .out = data.train.classes()}, rng);

  Adam optimizer(net.parameters(), {.lr = 0.002});
  Loader loader(data.train, {.batch = 64});
  double loss = 0;
  for (int epoch = 0; epoch < 2; ++epoch)
    for (const Batch& batch : loader) {
      loss = train_step(
          batch, [&](const Tile& tile) { return cross_entropy(net(tile.images), tile.labels); });
      optimizer.step();
    }
  save_weights("minimal.safetensors", net);
  load_weights("minimal.safetensors", net);

  net.eval();
  std::vector<int> right(tile_count(data.test.size()));
  for_each_tile(batch_of(data.test, 0, data.test.size()), [&](const Tile& tile) {
    right[tile.index] = count_correct(net(tile.images), tile);  // on all threads
  });
  const int correct = std::accumulate(right.begin(), right.end(), 0);
  std::printf("loss of the last batch %.4f, test accuracy %.2f%%\n", loss,
              100.0 * correct / data.test.size());
} catch (const std::exception& error) {
  std::fprintf(stderr, "minimal: error: %s\n", error.what());
  return 1;
}
