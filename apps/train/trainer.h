// Training from the first step to the last: epochs, logs, checkpoints, signals.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "apps/networks/evaluate.h"
#include "apps/run/checkpoint.h"
#include "apps/run/log.h"
#include "apps/train/learner.h"
#include "apps/train/progress.h"
#include "apps/train/watch.h"
#include "data/loader.h"

namespace fovea {

/// Runs the loop of a training run in its folder (apps/run/files.h), or without one if options.out
/// is empty. Prints what the user watches.
class Trainer {
 public:
  /// `options` must be resolved, `model` fit `data`; these two must outlive the trainer.
  /// With several ranks each has a trainer, and all call the same functions; options.out is for
  /// rank 0 alone.
  Trainer(const TrainOptions& options, const DataSplit& data, Model& model, Loss loss = {},
          Ranks& ranks = alone());
  Trainer(const TrainOptions& options, const DataSplit&& temporary, Model& model, Loss loss = {},
          Ranks& ranks = alone()) = delete;

  /// Goes on where the checkpoint was made. Call it before run(). Error: it does not fit.
  void resume(const Checkpoint& checkpoint);

  /// Trains to the end. Returns 0 or, while StopSignals lives, the signal (or SIGPIPE for a closed
  /// standard output) that ended it early, after the state was saved. Throws Error for
  /// what goes wrong. `most_steps` steps from now
  /// it stops as if SIGTERM had come, for trying out what resuming does.
  int run(std::int64_t most_steps = std::numeric_limits<std::int64_t>::max());

  /// Noted in every checkpoint: see data_checksum().
  void set_data_checksum(std::uint32_t value) { state_.data_checksum = value; }

  const RunState& state() const { return state_; }
  /// Where the time of the steps since then went; no steps where there is one rank.
  StepTimes step_times() {
    return learner_.step_sum() ? learner_.step_sum()->times() : StepTimes();
  }
  /// Weights of the best epoch, kept in memory where there is no folder but validation images.
  const std::optional<SafeTensors>& best() const { return best_; }

 private:
  void open_files();
  bool run_epoch();
  void after_step(const StepResult& result, const Batch& batch);
  void log_step(const StepResult& result, const Batch& batch);
  void finish_epoch();
  const Dataset& judged_set() const;
  bool is_better(const Evaluation& judged) const;
  void note_best(const Evaluation& judged, bool chooses);
  void follow_plateau(double loss, const char* of);
  void save();
  void save_frame_if_due();
  int own_signal() const;
  void warn_of(const std::vector<std::string>& troubles);
  int stop_signal() const;
  void agree_to_stop();
  void add_step_times(std::vector<LogField>& fields);
  void stamp();
  std::pair<int, int> position() const { return {state_.epoch, state_.batch}; }

  TrainOptions options_;
  const DataSplit& data_;
  Model& model_;
  Ranks& ranks_;
  Loader loader_;
  Learner learner_;
  Watch watch_;
  RunState state_;
  std::string stored_options_;
  std::optional<SafeTensors> best_;
  ProgressLine line_;

  std::unique_ptr<LogWriter> log_;  // these two: only with a folder
  std::unique_ptr<AppendFile> frames_;
  std::vector<std::int64_t> frame_steps_;
  std::size_t next_frame_ = 0;

  using Clock = std::chrono::steady_clock;
  Clock::time_point stamp_;  // when state_.seconds was last brought up to date
  double rate_seconds_ = 0;  // state_.seconds and images at the last logged step
  std::int64_t rate_images_ = 0, images_ = 0;
  double last_lr_ = 0;
  StepTimes logged_times_;
  int agreed_signal_ = 0;             // what all ranks know of
  std::int64_t stop_after_ = 0;       // steps left
  std::pair<int, int> saved_{-1, 0};  // position() of the newest checkpoint
};

/// The steps at which frames are taken: about `count`, growing geometrically from 0 to `total`.
std::vector<std::int64_t> geometric_steps(std::int64_t total, int count);

}  // namespace fovea
