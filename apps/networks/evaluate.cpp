#include "apps/networks/evaluate.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "layers/losses.h"

namespace fovea {

namespace {

// A multiple of the tile, and enough of them for any number of threads.
constexpr int evaluation_batch = 64 * lane_count;

struct TileResult {
  double loss = 0;
  int correct = 0;
};

TileResult judge(const Tensor& log_probs, const Tile& tile) {
  TileResult result;
  const Tensor losses = nll_loss(log_probs, tile.labels);
  for (int lane = 0; lane < tile.valid; ++lane) result.loss += static_cast<double>(losses[0][lane]);
  result.correct = count_correct(log_probs, tile);
  return result;
}

// A network that ends in scores would be judged by them without a word.
void require_log_probabilities(const Tensor& y, const Model& model) {
  require(y.is_per_sample() && y.shape() == Shape{model.info.classes()}, "the network ",
          model.info.name, " gives ", y, " for ", model.info.classes(), " classes");
  double sum = 0;
  for (int k = 0; k < y.size(); ++k) sum += std::exp(static_cast<double>(y[k][0]));
  require(!(std::abs(sum - 1) > 0.01), "the network ", model.info.name,
          " gives no log-probabilities: they sum to ", sum, "; end it with LogSoftmax");
}

}  // namespace

void require_fitting(const Model& model, const Dataset& dataset) {
  const ModelInfo& info = model.info;
  require(dataset.image_shape == info.input, "the model takes images ", info.input, ", but ",
          dataset.name, " has ", dataset.image_shape, "; choose other data or other weights");
  const auto [low, high] = std::minmax_element(dataset.labels.begin(), dataset.labels.end());
  require(dataset.labels.empty() || (*low >= 0 && *high < info.classes()), "the model knows ",
          info.classes(), " classes, but ", dataset.name,
          " has more; choose other data or other weights");
}

Evaluation evaluate(const Model& model, const Dataset& dataset, bool keep_predictions, int limit) {
  require_fitting(model, dataset);
  Module& network = *model.network;
  const EvalMode guard(network);
  Evaluation out;
  out.total = limit > 0 ? std::min(limit, dataset.size()) : dataset.size();
  if (keep_predictions) out.predictions.resize(static_cast<std::size_t>(out.total));
  std::vector<TileResult> tiles(evaluation_batch / lane_count);
  for (int first = 0; first < out.total; first += evaluation_batch) {
    const int size = std::min(evaluation_batch, static_cast<int>(out.total) - first);
    for_each_tile(batch_of(dataset, first, size), [&](const Tile& tile) {
      const Tensor log_probs = network(tile.images);
      require_log_probabilities(log_probs, model);
      tiles[static_cast<std::size_t>(tile.index)] = judge(log_probs, tile);
      for (int lane = 0; keep_predictions && lane < tile.valid; ++lane) {
        const int label = most_probable(log_probs, lane);
        out.predictions[static_cast<std::size_t>(first + tile.first + lane)] = {
            label, static_cast<float>(std::exp(log_probs[label][lane]))};
      }
    });
    for (int i = 0; i < tile_count(size); ++i) {  // in order, so that the sum's bits are fixed
      out.loss += tiles[static_cast<std::size_t>(i)].loss;
      out.correct += tiles[static_cast<std::size_t>(i)].correct;
    }
  }
  if (out.total > 0) out.loss /= static_cast<double>(out.total);
  return out;
}

std::string test_line(const Evaluation& e, const char* set) {
  char text[160];
  std::snprintf(text, sizeof text, "%s: Average loss: %.4f, Accuracy: %lld/%lld (%.2f%%)", set,
                e.loss, static_cast<long long>(e.correct), static_cast<long long>(e.total),
                100 * e.accuracy());
  return text;
}

}  // namespace fovea
