// Cuts a data set into shuffled batches, prepared ahead of time on a thread of its own.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/batch.h"
#include "data/augment.h"
#include "data/dataset.h"
#include "data/distort.h"

namespace fovea {

struct LoaderOptions {
  int batch = 64;                  ///< images a batch; the last one of an epoch may be smaller
  std::uint64_t seed = 1;          ///< of the order, the augmentation and Batch::seed
  bool shuffle = true;             ///< a new order every epoch, else the order of the data set
  Augmentation augmentation = {};  ///< applied to every image; by default none
  std::string distortion = {};     ///< then this one (data/distort.h); empty: none
  int prefetch = 8;                ///< batches prepared ahead; more means rarer wake-ups
  int rank = 0, ranks = 1;         ///< hand out the share of this process (core/share.h) alone
};

/// Hands out every image of a data set once an epoch, varied and distorted as the options say (each
/// of several processes, with one order, those of its share; perhaps none of a small batch). What
/// batch `i` of an epoch holds depends on (data set, options, epoch, i) alone: not on threads,
/// timing or the batches before it, so a run resumed by set_epoch(epoch, i) continues as if it had
/// never stopped.
///
///     for (int epoch = 0; epoch < 10; ++epoch) {
///       loader.set_epoch(epoch);
///       for (const Batch& batch : loader) ...
///     }
///
/// A loader serves one thread at a time. It may be destroyed or set to another epoch at any moment.
class Loader {
 public:
  /// `dataset` must outlive the loader. Starts at epoch 0. Throws Error for options out of range
  /// or a data set that does not fit together (validate()).
  Loader(const Dataset& dataset, const LoaderOptions& options);
  Loader(const Dataset&& temporary, const LoaderOptions& options) = delete;
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  /// Batches in an epoch.
  int batches() const { return batches_; }
  int epoch() const { return epoch_; }

  /// Goes to batch `first_batch` of `epoch`, 0 <= first_batch <= batches(); the last value is the
  /// end of the epoch. Batches handed out before are no longer valid.
  void set_epoch(int epoch, int first_batch = 0);

  /// The next batch, valid until the next call; nullptr at the end of the epoch. Rethrows what
  /// went wrong while it was prepared.
  const Batch* next() &;

  class Iterator {
   public:
    explicit Iterator(Loader& loader) : loader_(&loader), batch_(loader.next()) {}
    const Batch& operator*() const { return *batch_; }
    Iterator& operator++() {
      batch_ = loader_->next();
      return *this;
    }
    bool operator==(std::default_sentinel_t) const { return batch_ == nullptr; }

   private:
    Loader* loader_;
    const Batch* batch_;
  };

  /// The batches that are left of this epoch; if none are, those of the next epoch.
  Iterator begin() &;
  std::default_sentinel_t end() const { return {}; }

 private:
  // A batch and its memory. It stays with one batch from fill() until the consumer moves on.
  struct Slot {
    Batch batch;
    std::vector<std::uint8_t> pixels;
    std::vector<std::int32_t> labels;
  };

  void run();
  void fill(Slot& slot, int index);
  bool worth_waking() const;
  bool has_room() const;
  Slot& slot(int index) { return slots_[static_cast<std::size_t>(index) % slots_.size()]; }

  const Dataset& dataset_;
  const LoaderOptions options_;
  int batches_ = 0;
  int epoch_ = 0;

  // Written by set_epoch() while the thread rests, read by the thread while it fills.
  std::uint64_t epoch_seed_ = 0;
  std::vector<int> order_;

  // Batches [released_, taken_) are with the consumer (one at most), [taken_, filled_) wait for it.
  std::mutex mutex_;
  std::condition_variable room_, ready_;
  std::vector<Slot> slots_;
  int released_ = 0, taken_ = 0, filled_ = 0;
  bool filling_ = false, resting_ = true, stop_ = false;
  std::exception_ptr error_;

  // Used by the thread only; null where images are not varied, or not distorted.
  std::unique_ptr<Augmenter> augmenter_;
  std::unique_ptr<Distortion> distortion_;
  std::vector<std::uint8_t> varied_;  // one image between the two
  Shape shape_;                       // of what is handed out, and its statistics
  std::vector<float> mean_, stddev_;
  std::thread thread_;
};

}  // namespace fovea
