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

// Judges tiles [first, end) of the first `total` images, each into its place in `tiles`, and their
// predictions if there is room for them.
void judge_tiles(const Model& model, const Dataset& dataset, int total, int first, int end,
                 std::vector<TileResult>& tiles, std::vector<Prediction>& predictions) {
  Module& network = *model.network;
  const EvalMode guard(network);
  const int last = std::min(total, end * lane_count);
  for (int begin = first * lane_count; begin < last; begin += evaluation_batch) {
    const int size = std::min(evaluation_batch, last - begin);
    for_each_tile(batch_of(dataset, begin, size), [&](const Tile& tile) {
      const Tensor log_probs = network(tile.images);
      require_log_probabilities(log_probs, model);
      tiles[static_cast<std::size_t>(begin / lane_count + tile.index)] = judge(log_probs, tile);
      for (int lane = 0; !predictions.empty() && lane < tile.valid; ++lane) {
        const int label = most_probable(log_probs, lane);
        predictions[static_cast<std::size_t>(begin + tile.first + lane)] = {
            label, static_cast<float>(std::exp(log_probs[label][lane]))};
      }
    });
  }
}

Evaluation sum_of(const std::vector<TileResult>& tiles, int total) {
  Evaluation out;
  out.total = total;
  for (const TileResult& tile : tiles) {  // in order, so that the sum's bits are fixed
    out.loss += tile.loss;
    out.correct += tile.correct;
  }
  if (total > 0) out.loss /= static_cast<double>(total);
  return out;
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
  const int total = limit > 0 ? std::min(limit, dataset.size()) : dataset.size();
  std::vector<TileResult> tiles(static_cast<std::size_t>(tile_count(total)));
  std::vector<Prediction> predictions(keep_predictions ? static_cast<std::size_t>(total) : 0);
  judge_tiles(model, dataset, total, 0, tile_count(total), tiles, predictions);
  Evaluation out = sum_of(tiles, total);
  out.predictions = std::move(predictions);
  return out;
}

Evaluation evaluate(const Model& model, const Dataset& dataset, Ranks& ranks) {
  require_fitting(model, dataset);
  const int total = dataset.size();
  std::vector<TileResult> tiles(static_cast<std::size_t>(tile_count(total)));
  std::vector<Prediction> none;
  const auto begin = [&](int r) { return static_cast<int>(part_begin(ranks, tiles.size(), r)); };
  judge_tiles(model, dataset, total, begin(ranks.rank()), begin(ranks.rank() + 1), tiles, none);
  share_parts(ranks, tiles.data(), tiles.size(), sizeof(TileResult));
  return sum_of(tiles, total);
}

std::string test_line(const Evaluation& e, const char* set) {
  char text[160];
  std::snprintf(text, sizeof text, "%s: Average loss: %.4f, Accuracy: %lld/%lld (%.2f%%)", set,
                e.loss, static_cast<long long>(e.correct), static_cast<long long>(e.total),
                100 * e.accuracy());
  return text;
}

}  // namespace fovea
