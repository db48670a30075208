// Snapshots of what the transformers do while a network learns, for the animation.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "apps/networks/model.h"
#include "data/dataset.h"

namespace fovea {

/// One moment of training: what became of some test images.
struct TrainingFrame {
  std::int64_t step = 0;
  double epoch = 0;          ///< epochs done by then
  std::vector<int> indices;  ///< of the test set
  /// For each image, one transformer behind the other in the order in which they run.
  std::vector<std::vector<Real>> thetas;
  std::vector<int> predicted;
  std::vector<double> probability;  ///< of the prediction
};

/// Indices of `count` (or all, if fewer) images of the set: the classes in turn, as they come.
std::vector<int> frame_indices(const Dataset& test, int count);

/// What the network makes of the images at `indices` now.
TrainingFrame take_frame(const Model& model, const Dataset& test, const std::vector<int>& indices,
                         std::int64_t step, double epoch);

/// One line of frames/theta.jsonl (files.h).
std::string frame_line(const TrainingFrame& frame);

/// Reads frames/theta.jsonl; none if the file is missing. Frames without thetas (a network without
/// a transformer) are left out, and lines that are damaged or do not fit model and test images, as
/// by for_each_log_line(). In the order of their steps, each step once.
std::vector<TrainingFrame> read_frames(const std::string& path, const Model& model,
                                       const Dataset& test);

}  // namespace fovea
