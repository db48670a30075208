// How well a network does on a data set.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "apps/networks/stn_network.h"
#include "core/step.h"
#include "data/dataset.h"

namespace fovea {

struct Prediction {
  std::int32_t label = 0;  ///< most probable class
  float probability = 0;   ///< of that class
};

struct Evaluation {
  double loss = 0;  ///< mean negative log-likelihood
  std::int64_t correct = 0, total = 0;
  std::vector<Prediction> predictions = {};  ///< one an image, when asked for

  double accuracy() const {
    return total ? static_cast<double>(correct) / static_cast<double>(total) : 0;
  }
};

/// Runs the network, in evaluation mode, over the first `limit` images (0: all) on all threads. The
/// result does not depend on how many there are. The mode is as before afterwards. Throws Error
/// when images or classes of `dataset` do not fit the network.
Evaluation evaluate(StnNetwork& network, const Dataset& dataset, bool keep_predictions = false,
                    int limit = 0);

/// Correct answers among the samples of a tile that count.
int count_correct(const Tensor& log_probs, const Tile& tile);

/// "Test set: Average loss: 0.0418, Accuracy: 9865/10000 (98.65%)"
std::string test_line(const Evaluation& evaluation);

/// confusion.json (run_files.h) of an evaluation with predictions.
std::string confusion_text(const Evaluation& evaluation, const Dataset& dataset);

}  // namespace fovea
