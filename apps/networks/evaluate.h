// How well a network does on a data set.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "apps/cluster/ranks.h"
#include "apps/networks/model.h"
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
/// when images or classes of `dataset` do not fit the network, or if what it gives are no
/// log-probabilities.
Evaluation evaluate(const Model& model, const Dataset& dataset, bool keep_predictions = false,
                    int limit = 0);

/// The same over all images by several ranks, each with its part of the tiles: the same bits.
Evaluation evaluate(const Model& model, const Dataset& dataset, Ranks& ranks);

/// Throws Error naming both if the model does not take the images, or know the classes, of the set.
void require_fitting(const Model& model, const Dataset& dataset);

/// "Test set: Average loss: 0.0418, Accuracy: 9865/10000 (98.65%)"
std::string test_line(const Evaluation& evaluation, const char* set = "Test set");

/// Evaluation mode while it lives.
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

}  // namespace fovea
