// The gradients of a step that several processes take together: one sum, on every rank.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "apps/cluster/ranks.h"
#include "core/step.h"

namespace fovea {

/// Where the time of steps went, in seconds, on the average rank.
struct StepTimes {
  std::int64_t steps = 0;
  double compute = 0;        ///< from one exchange to the next
  double wait = 0;           ///< for the slowest rank
  double communication = 0;  ///< the exchange itself, as rank 0 sees it
};

/// Adds up, task by task in the order of the batch, what the ranks' tasks found. Every rank owns a
/// part of the gradients: it gets that part of every task from all others, sums it in order, and
/// gives the sum back to all. MPI's own reductions may group the terms by size or number of ranks;
/// here up to max_tasks ranks have the bits of one process, and more ranks, having other tasks,
/// those of the same number of ranks. Two messages to every other rank a step.
class StepSum {
 public:
  /// The gradients of these parameters are summed: all that the loss depends on.
  StepSum(Ranks& ranks, std::vector<Tensor> parameters);

  /// What one rank found, or all of them.
  struct Found {
    double loss = 0;  ///< of all: mean over the whole batch
    int correct = 0;
    int stop = 0;  ///< the signal that came, 0 if none did; of all: the largest
  };

  /// Leaves the gradient of the whole batch in the parameters, as train_step() does, and returns
  /// what all found. `batch` is this rank's share, `parts` what its tasks found.
  Found sum(const StepParts& parts, const Batch& batch, const Found& mine);

  /// From here on time is computing; what was before belongs to no step.
  void restart_clock() { stamp_ = Clock::now(); }
  const StepTimes& times() const { return times_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Head;

  const std::byte* message_of(int rank) const;
  std::size_t tasks_of(int rank, const Batch& batch) const;
  std::size_t head_bytes(std::size_t tasks) const;
  void pack(const StepParts& parts, const Batch& batch, const Found& mine, double compute);
  Found read_heads(const Batch& batch);
  void add_up(const Batch& batch);
  void unpack();
  std::size_t begin_of(int rank) const { return part_begin(ranks_, sum_.size(), rank); }
  std::size_t size_of(int rank) const { return begin_of(rank + 1) - begin_of(rank); }

  Ranks& ranks_;
  std::vector<Tensor> parameters_;
  std::vector<Real> sum_;  // all gradients, one behind the other
  std::vector<std::uint8_t> used_;
  std::vector<std::vector<std::byte>> out_,
      in_;  // one message a rank; nothing comes in from itself
  StepTimes times_;
  Clock::time_point stamp_ = Clock::now();
  double slowest_ = 0, mean_ = 0;  // computing of the last step
};

}  // namespace fovea
