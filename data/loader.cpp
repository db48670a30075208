#include "data/loader.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <system_error>

#include "core/error.h"
#include "core/random.h"
#include "core/share.h"

namespace fovea {

Loader::Loader(const Dataset& dataset, const LoaderOptions& options)
    : dataset_(dataset), options_(options) {
  require(options.batch > 0, "loader: batch size ", options.batch, ", expected at least 1");
  require(options.prefetch > 0, "loader: prefetch of ", options.prefetch,
          " batches, expected at least 1");
  require(options.rank >= 0 && options.rank < options.ranks, "loader: no process ", options.rank,
          " of ", options.ranks);
  validate(dataset);
  const int size = dataset.size(), batch = std::min(options.batch, size);
  batches_ = size / batch + (size % batch != 0);
  if (options.augmentation.any())
    augmenter_ = std::make_unique<Augmenter>(options.augmentation, dataset.image_shape);
  if (!options.distortion.empty()) distortion_ = make_distortion(options.distortion, dataset);
  shape_ = distortion_ ? distortion_->image_shape() : dataset.image_shape;
  mean_ = repeated(dataset.mean, shape_[0]);
  stddev_ = repeated(dataset.stddev, shape_[0]);
  varied_.resize(static_cast<std::size_t>(dataset.image_shape.size()));

  // Enough for most shares; fill() makes more of them for those of a smaller batch.
  const auto rows = static_cast<std::size_t>(share_of(batch, options.rank, options.ranks).size);
  slots_.resize(static_cast<std::size_t>(std::min(options.prefetch, batches_)));
  for (Slot& slot : slots_) {
    slot.pixels.resize(rows * static_cast<std::size_t>(shape_.size()));
    slot.labels.resize(rows);
  }
  order_.resize(static_cast<std::size_t>(size));
  set_epoch(0);
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& error) {
    fail("loader: cannot start its thread: ", error.code().message());
  }
}

Loader::~Loader() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  room_.notify_one();
  thread_.join();
}

void Loader::set_epoch(int epoch, int first_batch) {
  require(epoch >= 0, "loader: epoch ", epoch, " is negative");
  require(first_batch >= 0 && first_batch <= batches_, "loader: batch ", first_batch,
          " of an epoch that has ", batches_);
  std::unique_lock lock(mutex_);
  resting_ = true;
  ready_.wait(lock, [this] { return !filling_; });

  epoch_ = epoch;
  epoch_seed_ = mix(options_.seed, static_cast<std::uint64_t>(epoch));
  std::iota(order_.begin(), order_.end(), 0);
  if (options_.shuffle) Random(epoch_seed_).shuffle(std::span(order_));
  released_ = taken_ = filled_ = first_batch;
  error_ = nullptr;
  resting_ = false;
  lock.unlock();
  room_.notify_one();
}

const Batch* Loader::next() & {
  std::unique_lock lock(mutex_);
  released_ = taken_;
  if (taken_ == batches_) return nullptr;
  if (worth_waking()) room_.notify_one();
  ready_.wait(lock, [this] { return filled_ > taken_ || error_; });
  if (filled_ == taken_) std::rethrow_exception(error_);
  return &slot(taken_++).batch;
}

Loader::Iterator Loader::begin() & {
  if (taken_ == batches_) set_epoch(epoch_ + 1);
  return Iterator(*this);
}

// Half of the ring must be free before the thread starts again, and then it fills all of it:
// it wakes once in several batches instead of after each.
bool Loader::worth_waking() const {
  return has_room() && filled_ - released_ <= static_cast<int>(slots_.size()) / 2;
}

bool Loader::has_room() const {
  return !resting_ && filled_ < batches_ && filled_ - released_ < static_cast<int>(slots_.size());
}

// The thread: fills batches while there is room for them.
void Loader::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    room_.wait(lock, [this] { return stop_ || worth_waking(); });
    while (!stop_ && has_room()) {
      const int index = filled_;
      filling_ = true;
      lock.unlock();
      std::exception_ptr error;
      try {
        fill(slot(index), index);
      } catch (...) {
        error = std::current_exception();
      }
      lock.lock();
      filling_ = false;
      if (error)
        error_ = error, resting_ = true;  // until set_epoch()
      else
        ++filled_;
      ready_.notify_one();
    }
    if (stop_) return;
  }
}

void Loader::fill(Slot& slot, int index) {
  const int whole = std::min(options_.batch, dataset_.size() - index * options_.batch);
  const Share share = share_of(whole, options_.rank, options_.ranks);
  const int begin = index * options_.batch + share.first, size = share.size;
  const std::size_t length = static_cast<std::size_t>(shape_.size());
  if (slot.labels.size() < static_cast<std::size_t>(size)) {
    slot.pixels.resize(static_cast<std::size_t>(size) * length);
    slot.labels.resize(static_cast<std::size_t>(size));
  }
  for (int row = 0; row < size; ++row) {
    const int sample = order_[static_cast<std::size_t>(begin + row)];
    const std::uint64_t seed = mix(epoch_seed_, static_cast<std::uint64_t>(sample));
    const std::uint8_t* in = dataset_.image(sample).data();
    std::uint8_t* out = slot.pixels.data() + static_cast<std::size_t>(row) * length;
    std::int32_t label = dataset_.labels[static_cast<std::size_t>(sample)];
    if (augmenter_) {
      std::uint8_t* varied = distortion_ ? varied_.data() : out;
      (*augmenter_)(in, varied, Random(seed));
      in = varied;
    }
    if (distortion_)
      label = (*distortion_)(in, label, Random(mix(seed, 1)), out);
    else if (!augmenter_)
      std::memcpy(out, in, length);
    slot.labels[static_cast<std::size_t>(row)] = label;
  }
  // No sample has index ~0, so this stream differs from those of the augmentation.
  const std::uint64_t batch_stream = mix(epoch_seed_, ~std::uint64_t{0});
  slot.batch = {.size = size,
                .image_shape = shape_,
                .pixels = std::span(slot.pixels).first(static_cast<std::size_t>(size) * length),
                .labels = std::span(slot.labels).first(static_cast<std::size_t>(size)),
                .mean = mean_,
                .stddev = stddev_,
                .seed = mix(batch_stream, static_cast<std::uint64_t>(index)),
                .first = share.first,
                .whole = whole,
                .tiles_a_task = share.tiles_a_task};
}

}  // namespace fovea
