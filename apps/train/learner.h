// One update of a network: loss and gradients, checks, clipping, schedule, optimiser.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "apps/cluster/step_sum.h"
#include "apps/networks/model.h"
#include "apps/train/options.h"
#include "core/step.h"
#include "optim/optimizer.h"
#include "optim/plateau.h"
#include "optim/schedule.h"

namespace fovea {

/// What one step found.
struct StepResult {
  double loss = 0;       ///< mean over the batch, before the update
  int correct = 0;       ///< right answers, before the update and with dropout
  double grad_norm = 0;  ///< before clipping
  double lr = 0;
  int stop = 0;  ///< the signal that came to a rank before this step ended; 0: none
};

/// One value a sample (per sample []) from what a network gives for a tile.
using Loss = std::function<Tensor(const Tensor& output, const Labels& labels)>;

class Learner {
 public:
  /// `options` must be resolved, `model` outlive this. The schedule is laid out for epochs *
  /// `batches` steps. Without a loss it is the negative log-likelihood, smoothed as options say. To
  /// either, options.warp_penalty times identity_penalty() and options.bending_penalty times
  /// Warp::bending_energy() of every transformer are added.
  /// With several ranks, each has a learner and steps on its share of the batch; the update is that
  /// of the whole batch.
  Learner(Model& model, const TrainOptions& options, int batches, Loss loss = {},
          Ranks& ranks = alone());

  /// One step on a batch. Allocates nothing. Throws Error before anything is updated if the loss or
  /// a gradient is not finite, naming the step and the layer or parameter. Other ranks are told of
  /// `stop`, a signal that came to this one.
  StepResult step(const Batch& batch, int stop = 0);

  /// The sum over ranks; none where there is one rank.
  StepSum* step_sum() { return sum_ ? &*sum_ : nullptr; }

  /// mean |theta - identity| over all transformers and the first tile of the batch; NaN without a
  /// transformer.
  double theta_deviation(const Batch& batch) const;

  /// After every epoch, with its loss on the test set: what --schedule plateau goes by.
  void finish_epoch(double test_loss);
  /// The state of that schedule, for checkpoints; nothing for another one. Error when restoring: it
  /// is missing.
  std::optional<ReduceOnPlateau::State> plateau() const;
  void restore_plateau(const std::optional<ReduceOnPlateau::State>& state);

  Optimizer& optimizer() { return *optimizer_; }
  std::int64_t total_steps() const { return total_steps_; }

 private:
  void sum_gradients(const Batch& batch, int stop, StepResult& result);
  Tensor tile_loss(const Tile& tile);
  Tensor loss_of(const Tensor& output, const Tile& tile);  // without penalties
  void follow_schedule();
  [[noreturn]] void explain_loss(const Batch& batch, double loss);
  [[noreturn]] void explain_gradient();

  const Module& network_;
  TrainOptions options_;
  Loss loss_;
  std::int64_t total_steps_;
  std::vector<Tensor> parameters_;
  Ranks& ranks_;
  std::optional<StepSum> sum_;
  std::unique_ptr<Optimizer> optimizer_;
  Schedule schedule_;
  std::optional<Schedule> momentum_;
  std::optional<ReduceOnPlateau> plateau_;
  std::vector<int> correct_;  // one a tile: no atomics, and no sum that depends on the order
};

/// The optimiser that `options` describe. Parameters of transformers' localisation networks are a
/// group with a rate of its own, because they belong to a transformer, whatever their name.
std::unique_ptr<Optimizer> make_optimizer(const Module& network, const TrainOptions& options);

}  // namespace fovea
