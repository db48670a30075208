// One update of a network: loss and gradients, checks, clipping, schedule, optimiser.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "apps/networks/model.h"
#include "apps/train/options.h"
#include "core/step.h"
#include "optim/optimizer.h"
#include "optim/schedule.h"

namespace fovea {

/// What one step found.
struct StepResult {
  double loss = 0;       ///< mean over the batch, before the update
  int correct = 0;       ///< right answers, before the update and with dropout
  double grad_norm = 0;  ///< before clipping
  double lr = 0;
};

class Learner {
 public:
  /// `options` must be resolved. The schedule is laid out for epochs * `batches` steps.
  Learner(Model& model, const TrainOptions& options, int batches);

  /// One step on a batch. Allocates nothing. Throws Error before anything is updated if the loss or
  /// a gradient is not finite, naming the step and the layer or parameter.
  StepResult step(const Batch& batch);

  /// mean |theta - identity| over the first tile of the batch; NaN without a transformer.
  double theta_deviation(const Batch& batch) const;

  Optimizer& optimizer() { return *optimizer_; }
  std::int64_t total_steps() const { return total_steps_; }

 private:
  Tensor tile_loss(const Tile& tile);
  void follow_schedule();
  [[noreturn]] void explain_loss(const Batch& batch, double loss);
  [[noreturn]] void explain_gradient();

  StnNetwork& network_;
  TrainOptions options_;
  std::int64_t total_steps_;
  std::vector<Tensor> parameters_;
  std::unique_ptr<Optimizer> optimizer_;
  Schedule schedule_;
  std::optional<Schedule> momentum_;
  std::vector<int> correct_;  // one a tile: no atomics, and no sum that depends on the order
};

/// The optimiser that `options` describe, localisation net and classifier as groups.
std::unique_ptr<Optimizer> make_optimizer(const StnNetwork& network, const TrainOptions& options);

/// The learning rate of every step, for epochs of `batches` steps.
Schedule make_schedule(const TrainOptions& options, int batches);

}  // namespace fovea
