// A training step: the only place with threads. A batch is cut into tiles of sixteen samples, every
// tile goes forward and backward on one worker with gradients of its own, and the gradients are
// summed in tile order: the result has the same bits for any number of threads.
#pragma once

#include <array>
#include <cstdint>

#include "core/batch.h"
#include "core/share.h"
#include "core/tensor.h"
#include "core/workers.h"

namespace fovea {

/// The class index of each sample of a tile.
struct Labels {
  std::array<std::int32_t, lane_count> values{};
  std::int32_t operator[](int lane) const { return values[lane]; }
};

/// Sixteen consecutive samples of a batch. In the last tile of a batch the lanes from `valid` on
/// repeat the last sample and weigh nothing in loss and gradients.
struct Tile {
  Tensor images;  ///< per sample [C, H, W]: (pixel / 255 - mean) / stddev
  Labels labels;
  int index = 0;  ///< of this tile in the batch
  int first = 0;  ///< position of its first sample in the whole batch
  int valid = 0;  ///< samples that count, 1 to 16
};

/// Runs `loss` on every tile and leaves the gradient of the mean loss over the batch in the leaves
/// it depends on (replacing what was there; a leaf that no sample reached has none afterwards).
/// `loss` returns one value a sample (per sample []) and may run on several threads at once.
/// Returns the mean loss. Throws what `loss` throws; then gradients are left as they were.
double train_step(const Batch& batch, FunctionRef<Tensor(const Tile&)> loss);

/// What the tasks of a step found, in order; valid until the next step. train_step() is the sum.
class StepParts {
 public:
  explicit StepParts(int tasks) : tasks_(tasks) {}
  int tasks() const { return tasks_; }
  double loss(int task) const;  ///< the sum over its samples
  /// What a leaf's gradient of the whole batch has from this task; null if no sample reached it.
  const Tensor* gradient(int task, const Tensor& leaf) const;

 private:
  int tasks_;
};

/// train_step() without the sums, for those who make them over several processes. The gradients of
/// leaves are left as they are. A batch without images has no tasks.
StepParts train_step_parts(const Batch& batch, FunctionRef<Tensor(const Tile&)> loss);

/// Runs `visit` on every tile without recording: evaluation.
void for_each_tile(const Batch& batch, FunctionRef<void(const Tile&)> visit);

/// Cuts one tile out of a batch: the `index`-th of those that are here. Throws Error where the
/// views of the batch do not fit its size and shape (labels, mean and stddev may be empty), as do
/// the two above.
Tile make_tile(const Batch& batch, int index);

using LaneBits = std::uint32_t __attribute__((vector_size(lane_count * sizeof(std::uint32_t))));

/// Random 32-bit numbers for the sixteen samples of the current tile: a function of the step's
/// seed, the sample's position in the batch, how many draws this tile made before, and `element`;
/// so they depend neither on threads nor on the order of tiles.
class LaneRandom {
 public:
  LaneRandom();  ///< one draw: every later LaneRandom of this tile differs
  LaneBits bits(std::uint32_t element) const;

 private:
  LaneBits samples_;  // one round of mixing, the same for all elements
};

/// Seeds the draws of this thread outside of train_step.
void seed_lane_random(std::uint64_t seed, int first_sample = 0);

}  // namespace fovea
