#include "apps/networks/evaluate.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <numeric>

#include "apps/run/run_files.h"
#include "apps/shell/json.h"
#include "layers/losses.h"

namespace fovea {

namespace {

// A multiple of the tile, and enough of them for any number of threads.
constexpr int evaluation_batch = 64 * lane_count;

// Evaluation mode while it lives.
class EvalMode {
 public:
  explicit EvalMode(Module& module) : module_(module), before_(module.training()) {
    module_.eval();
  }
  ~EvalMode() { module_.train(before_); }
  EvalMode(const EvalMode&) = delete;
  EvalMode& operator=(const EvalMode&) = delete;

 private:
  Module& module_;
  bool before_;
};

Batch slice(const Dataset& dataset, int first, int size) {
  const std::size_t length = static_cast<std::size_t>(dataset.image_shape.size());
  return {.size = size,
          .image_shape = dataset.image_shape,
          .pixels = std::span(dataset.pixels)
                        .subspan(static_cast<std::size_t>(first) * length,
                                 static_cast<std::size_t>(size) * length),
          .labels = std::span(dataset.labels)
                        .subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(size)),
          .mean = dataset.mean,
          .stddev = dataset.stddev};
}

int most_probable(const Tensor& log_probs, int lane) {
  int best = 0;
  for (int k = 1; k < log_probs.size(); ++k)
    if (log_probs[k][lane] > log_probs[best][lane]) best = k;
  return best;
}

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

void check_fit(const StnNetwork& network, const Dataset& dataset) {
  const StnOptions& o = network.options();
  require(dataset.image_shape == o.input, "the model takes images ", o.input, ", but ",
          dataset.name, " has ", dataset.image_shape, "; choose other --data or other weights");
  const auto [low, high] = std::minmax_element(dataset.labels.begin(), dataset.labels.end());
  require(dataset.labels.empty() || (*low >= 0 && *high < o.classes), "the model knows ", o.classes,
          " classes, but ", dataset.name, " has more; choose other --data or other weights");
}

}  // namespace

int count_correct(const Tensor& log_probs, const Tile& tile) {
  int correct = 0;
  for (int lane = 0; lane < tile.valid; ++lane)
    correct += most_probable(log_probs, lane) == tile.labels[lane];
  return correct;
}

Evaluation evaluate(StnNetwork& network, const Dataset& dataset, bool keep_predictions, int limit) {
  check_fit(network, dataset);
  const EvalMode guard(network);
  Evaluation out;
  out.total = limit > 0 ? std::min(limit, dataset.size()) : dataset.size();
  if (keep_predictions) out.predictions.resize(static_cast<std::size_t>(out.total));
  std::vector<TileResult> tiles(evaluation_batch / lane_count);
  for (int first = 0; first < out.total; first += evaluation_batch) {
    const int size = std::min(evaluation_batch, static_cast<int>(out.total) - first);
    for_each_tile(slice(dataset, first, size), [&](const Tile& tile) {
      const Tensor log_probs = network(tile.images);
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

std::string test_line(const Evaluation& e) {
  char text[160];
  std::snprintf(text, sizeof text, "Test set: Average loss: %.4f, Accuracy: %lld/%lld (%.2f%%)",
                e.loss, static_cast<long long>(e.correct), static_cast<long long>(e.total),
                100 * e.accuracy());
  return text;
}

std::string confusion_text(const Evaluation& evaluation, const Dataset& dataset) {
  const std::size_t classes = static_cast<std::size_t>(dataset.classes());
  const std::size_t total = evaluation.predictions.size();
  std::vector<std::int64_t> matrix(classes * classes);
  std::vector<std::size_t> wrong;
  for (std::size_t i = 0; i < total; ++i) {
    const std::size_t label = static_cast<std::size_t>(dataset.labels[i]);
    const std::size_t predicted = static_cast<std::size_t>(evaluation.predictions[i].label);
    if (predicted < classes) ++matrix[label * classes + predicted];
    if (predicted != label) wrong.push_back(i);
  }
  std::stable_sort(wrong.begin(), wrong.end(), [&](std::size_t a, std::size_t b) {
    return evaluation.predictions[a].probability > evaluation.predictions[b].probability;
  });
  wrong.resize(std::min<std::size_t>(wrong.size(), run_files::listed_mistakes));

  Json json = {{"class_names", dataset.class_names},
               {"matrix", matrix},
               {"loss", evaluation.loss},
               {"correct", evaluation.correct},
               {"total", evaluation.total}};
  json["mistakes"] = Json::array();
  for (const std::size_t i : wrong)
    json["mistakes"].push_back({{"index", i},
                                {"label", dataset.labels[i]},
                                {"predicted", evaluation.predictions[i].label},
                                {"probability", evaluation.predictions[i].probability}});
  return dump_json(json, 1) + "\n";
}

}  // namespace fovea
