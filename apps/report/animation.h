// The same images as a transformer came to see them while it learned.
#pragma once

#include <string>
#include <vector>

#include "apps/networks/inspect.h"
#include "apps/networks/model.h"
#include "data/dataset.h"
#include "data/gif.h"

namespace fovea {

/// One moment of training: what became of some test images.
struct TrainingFrame {
  long step = 0;
  double epoch = 0;          ///< epochs done by then
  std::vector<int> indices;  ///< of the test set
  std::vector<Theta> thetas;
  std::vector<int> predicted;
  std::vector<double> probability;  ///< of the prediction
};

/// Reads frames/theta.jsonl (run_files.h); none if the file is missing. Frames without thetas (a
/// network without a transformer) are left out. Throws Error naming file and line for a damaged
/// one.
std::vector<TrainingFrame> read_frames(const std::string& path);

/// A contact sheet for every frame, the images warped by its thetas with grid_sample. The last
/// frame stays longer. Throws Error without frames, for an index that `test` does not have or
/// frames of different numbers of images.
GifWriter training_animation(const Model& model, const Dataset& test,
                             const std::vector<TrainingFrame>& frames);

}  // namespace fovea
