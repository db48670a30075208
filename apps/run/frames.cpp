#include "apps/run/frames.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "apps/shell/json.h"
#include "core/step.h"

namespace fovea {

std::vector<int> frame_indices(const Dataset& test, int count) {
  count = std::min(count, test.size());
  const std::size_t classes = static_cast<std::size_t>(test.classes());
  std::vector<int> out;
  std::vector<int> next(classes, 0);  // where to look for another one of this class
  std::size_t found_in_round = 0;
  for (std::size_t k = 0; static_cast<int>(out.size()) < count; k = (k + 1) % classes) {
    int& i = next[k];
    while (i < test.size() && test.labels[static_cast<std::size_t>(i)] != static_cast<int>(k)) ++i;
    if (i < test.size()) out.push_back(i++), ++found_in_round;
    if (k + 1 == classes && found_in_round == 0) break;
    if (k + 1 == classes) found_in_round = 0;
  }
  return out;
}

std::string frame_line(StnNetwork& network, const Dataset& test, const std::vector<int>& indices,
                       std::int64_t step, double epoch) {
  std::vector<std::uint8_t> pixels;
  for (const int i : indices)
    pixels.insert(pixels.end(), test.image(i).begin(), test.image(i).end());
  const std::vector<std::int32_t> labels(indices.size());
  const Batch batch = {.size = static_cast<int>(indices.size()),
                       .image_shape = test.image_shape,
                       .pixels = pixels,
                       .labels = labels,
                       .mean = test.mean,
                       .stddev = test.stddev};
  const bool transformer = network.options().transformer;
  std::vector<std::vector<Real>> thetas(transformer ? indices.size() : 0);
  std::vector<int> predicted(indices.size());
  std::vector<double> probability(indices.size());
  const bool training = network.training();
  network.eval();
  for_each_tile(batch, [&](const Tile& tile) {
    const Tensor log_probs = network(tile.images);
    const Tensor theta = transformer ? network.theta(tile.images) : Tensor();
    for (int lane = 0; lane < tile.valid; ++lane) {
      const std::size_t row = static_cast<std::size_t>(tile.first + lane);
      int best = 0;
      for (int k = 1; k < log_probs.size(); ++k)
        if (log_probs[k][lane] > log_probs[best][lane]) best = k;
      predicted[row] = best;
      probability[row] = std::exp(static_cast<double>(log_probs[best][lane]));
      for (int i = 0; transformer && i < 6; ++i) thetas[row].push_back(theta[i][lane]);
    }
  });
  network.train(training);
  const Json line = {{"step", step},    {"epoch", epoch},         {"indices", indices},
                     {"theta", thetas}, {"predicted", predicted}, {"probability", probability}};
  return dump_json(line) + "\n";
}

}  // namespace fovea
