// Several ranks in one process, without MPI: threads that take turns. Only one runs at any time,
// from one exchange to the next, so that what belongs to the process (the engine's tasks) serves
// each of them.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "apps/cluster/ranks.h"

namespace fovea::testing {

class TurnRanks {
 public:
  /// Calls work(ranks) on `count` ranks; they must make the same exchanges. Rethrows what the first
  /// of them threw.
  template <class Work>
  static void run(int count, const Work& work) {
    TurnRanks job(count);
    std::vector<std::thread> threads;
    for (int r = 0; r < count; ++r)
      threads.emplace_back([&job, &work, r] {
        Rank rank(job, r);
        job.wait_for_turn(r);
        try {
          work(static_cast<Ranks&>(rank));
        } catch (...) {
          if (!job.error_) job.error_ = std::current_exception();
        }
        job.pass_turn(r);
      });
    for (std::thread& thread : threads) thread.join();
    if (job.error_) std::rethrow_exception(job.error_);
  }

 private:
  using To = std::span<const std::span<const std::byte>>;
  using From = std::span<const std::span<std::byte>>;

  class Rank final : public Ranks {
   public:
    Rank(TurnRanks& job, int rank) : job_(job), rank_(rank) {}
    int rank() const override { return rank_; }
    int size() const override { return static_cast<int>(job_.to_.size()); }
    void exchange(To to, From from) override {
      job_.to_[static_cast<std::size_t>(rank_)] = to;
      job_.from_[static_cast<std::size_t>(rank_)] = from;
      if (rank_ == size() - 1) job_.deliver();
      job_.pass_turn(rank_);
      job_.wait_for_turn(rank_);
      if (job_.error_) fail("another rank has failed");
    }

   private:
    TurnRanks& job_;
    int rank_;
  };

  explicit TurnRanks(int count)
      : to_(static_cast<std::size_t>(count)), from_(static_cast<std::size_t>(count)) {}

  void deliver() {  // all others wait for it
    if (error_) return;
    for (std::size_t a = 0; a < to_.size(); ++a)
      for (std::size_t b = 0; b < to_.size(); ++b) {
        require(to_[a][b].size() == from_[b][a].size(), "rank ", a, " sends ", to_[a][b].size(),
                " bytes, but rank ", b, " expects ", from_[b][a].size());
        std::copy(to_[a][b].begin(), to_[a][b].end(), from_[b][a].begin());
      }
  }

  void wait_for_turn(int rank) {
    std::unique_lock lock(mutex_);
    turned_.wait(lock, [&] { return turn_ == rank; });
  }
  void pass_turn(int rank) {
    const std::lock_guard lock(mutex_);
    turn_ = (rank + 1) % static_cast<int>(to_.size());
    turned_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable turned_;
  int turn_ = 0;
  std::vector<To> to_;
  std::vector<From> from_;
  std::exception_ptr error_;
};

}  // namespace fovea::testing
