// Everything that a run needs to go on as if it had never stopped, in one file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "apps/networks/model.h"
#include "optim/optimizer.h"
#include "optim/plateau.h"

namespace fovea {

/// Where a run is. The position in the epoch stands for the random state: order, augmentation and
/// dropout are functions of (seed, epoch, batch).
struct RunState {
  std::int64_t step = 0;     ///< updates made
  int epoch = 0;             ///< epochs finished: counts from 0
  int batch = 0;             ///< batches of the running epoch done
  double epoch_loss = 0;     ///< sums over the images of the running epoch so far
  double epoch_squares = 0;  ///< of squared batch means, for the standard error
  std::int64_t epoch_correct = 0, epoch_images = 0;

  /// The epoch whose weights are the result so far, from 1; 0: none was finished. With validation
  /// images the one with the fewest errors on them, and of these the lowest loss; else the last
  /// one.
  int best_epoch = 0;
  double best_loss = 0, best_accuracy = 0;  ///< on validation images; else on test images
  int epochs_since_best = 0;
  bool finished = false;

  double seconds = 0, epoch_seconds = 0;  ///< spent training, of the run and of the epoch
  std::int64_t csv_bytes = 0, jsonl_bytes = 0, frames_bytes = 0;  ///< of the logs
  std::uint32_t data_checksum = 0;
  std::optional<ReduceOnPlateau::State> plateau = {};  ///< of --schedule plateau
};

struct Checkpoint {
  std::string file;
  RunState state;
  std::string options;  ///< options_text() of the run
  SafeTensors tensors;  ///< weights and, under optimizer_prefix, the optimiser's state
};

/// Writes DIR/checkpoint-STEP.safetensors atomically and then removes all but the newest `keep`.
/// Returns its path. Error: as write_safetensors; the older ones stay.
std::string save_checkpoint(const std::string& directory, const Model& model,
                            const Optimizer& optimizer, const RunState& state,
                            const std::string& options, int keep);

/// The checkpoint of `directory` with the most steps; if it is damaged, with a warning the one
/// before. Error, saying what to do: there is none that can be read, or one of a newer version.
Checkpoint read_newest_checkpoint(const std::string& directory);

/// The steps and state of the optimiser, all or nothing. Error naming the file.
void restore_optimizer(Optimizer& optimizer, const Checkpoint& checkpoint);

}  // namespace fovea
