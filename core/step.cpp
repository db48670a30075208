#include "core/step.h"

#include <memory>
#include <vector>

#include "core/autograd.h"
#include "core/per_step.h"
#include "core/random.h"

namespace fovea {

namespace {

struct LaneRandomState {
  std::uint64_t seed = 0;
  std::uint32_t first_sample = 0;
  std::uint32_t draws = 0;
};
thread_local LaneRandomState lane_random;

// Tiles that share one set of gradients, one after the other.
struct Task {
  GradientStore gradients;
  double loss = 0;
};

// The tasks' gradients outlive the step: no allocation once the first step has made them.
std::vector<Task>& tasks() {
  static std::vector<Task> tasks(max_tasks);
  return tasks;
}

void run_tile(const Batch& batch, int index, FunctionRef<Tensor(const Tile&)> loss, Task& task) {
  begin_tape();
  const Tile tile = make_tile(batch, index);
  seed_lane_random(batch.seed, tile.first);
  const Tensor value = loss(tile);
  require(value && value.is_per_sample() && value.size() == 1,
          "[train_step] the loss must be one value a sample (per-sample []), got ", value);
  Tensor seed = Tensor::like(value);
  const Real weight = Real(1) / static_cast<Real>(batch.whole_size());
  for (int lane = 0; lane < lane_count; ++lane) {
    const bool counts = lane < tile.valid;
    seed[0][lane] = counts ? weight : 0;
    if (counts) task.loss += static_cast<double>(value[0][lane]);
  }
  if (value.requires_grad()) backward(value, seed, &task.gradients);
}

// Sum over tasks, in order, into the gradient of each leaf. Leaves that this step did not reach are
// let go: their model may be gone.
void reduce_gradients(std::span<const Task> done) {
  std::size_t slots = 0;
  for (const Task& task : tasks()) slots = std::max(slots, task.gradients.entries().size());
  for (std::size_t slot = 0; slot < slots; ++slot) {
    Tensor total;
    const Tensor* leaf = nullptr;
    bool first = true;
    for (const Task& task : done) {
      if (slot >= task.gradients.entries().size()) continue;
      const GradientStore::Entry& entry = task.gradients.entries()[slot];
      if (!entry.leaf) continue;
      leaf = &entry.leaf;
      if (!entry.used) continue;
      if (first) {
        total = leaf->grad() ? leaf->grad() : Tensor::like(entry.grad);
        total.copy_from(entry.grad);
        first = false;
        continue;
      }
      Real* sum = total.data();
      const Real* part = entry.grad.data();
      for (std::size_t i = 0, n = total.real_count(); i < n; ++i) sum[i] += part[i];
    }
    if (leaf && (total || leaf->grad())) leaf->set_grad(total);
    if (!total)
      for (Task& task : tasks()) task.gradients.forget(slot);
  }
}

// Views that are too short would be read beyond their end.
void require_whole(const Batch& batch, int index) {
  const Shape& shape = batch.image_shape;
  require(index >= 0 && index < tile_count(batch.size), "[tile] a batch of ", batch.size,
          " images has no tile ", index);
  require(shape.rank() > 0 && shape.size() > 0, "[tile] images of shape ", shape);
  const auto check = [&](const char* what, std::size_t count, std::size_t wanted, bool optional) {
    require(count >= wanted || (optional && count == 0), "[tile] a batch of ", batch.size,
            " images of shape ", shape, " has ", count, " ", what, ", not ", wanted);
  };
  const auto images = static_cast<std::size_t>(batch.size);
  const auto channels = static_cast<std::size_t>(shape[0]);
  check("pixels", batch.pixels.size(), images * static_cast<std::size_t>(shape.size()), false);
  check("labels", batch.labels.size(), images, true);
  check("means", batch.mean.size(), channels, true);
  check("standard deviations", batch.stddev.size(), channels, true);
}

}  // namespace

Tile make_tile(const Batch& batch, int index) {
  require_whole(batch, index);
  Tile tile;
  tile.index = index;
  const int first = index * lane_count;  // of the images that are here
  tile.first = batch.first + first;
  tile.valid = std::min(lane_count, batch.size - first);
  tile.images = Tensor::per_sample(batch.image_shape);
  const int channels = batch.image_shape[0];
  const int pixels = batch.image_shape.size(), plane = pixels / channels;
  const std::uint8_t* source[lane_count];
  for (int lane = 0; lane < lane_count; ++lane) {
    const int sample = first + std::min(lane, tile.valid - 1);
    source[lane] = batch.pixels.data() + static_cast<std::size_t>(sample) * pixels;
    tile.labels.values[lane] = batch.labels.empty() ? 0 : batch.labels[sample];
  }
  Lanes* out = tile.images.lanes();
  for (int c = 0; c < channels; ++c) {
    // A table, because (pixel / 255 - mean) / stddev must have PyTorch's rounding.
    Real value[256];
    for (int byte = 0; byte < 256; ++byte)
      value[byte] =
          (static_cast<Real>(byte) / 255 - (batch.mean.empty() ? 0 : Real(batch.mean[c]))) /
          (batch.stddev.empty() ? 1 : Real(batch.stddev[c]));
    for (int i = c * plane; i < (c + 1) * plane; ++i)
      for (int lane = 0; lane < lane_count; ++lane) out[i][lane] = value[source[lane][i]];
  }
  return tile;
}

StepParts train_step_parts(const Batch& batch, FunctionRef<Tensor(const Tile&)> loss) {
  const int tiles = tile_count(batch.size);
  const int tiles_a_task =
      batch.tiles_a_task > 0 ? batch.tiles_a_task : share_of(batch.size).tiles_a_task;
  const int count = (tiles + tiles_a_task - 1) / tiles_a_task;
  require(count <= max_tasks, "[train_step] ", tiles, " tiles are no more than ", max_tasks,
          " tasks of ", tiles_a_task);
  const StepScope step;
  run_tasks(count, [&](int i) {
    const InStep in_step(step);
    Task& task = tasks()[i];
    task.gradients.begin();
    task.loss = 0;
    for (int t = i * tiles_a_task; t < std::min(tiles, (i + 1) * tiles_a_task); ++t)
      run_tile(batch, t, loss, task);
  });
  return StepParts(count);
}

double StepParts::loss(int task) const {
  return fovea::tasks()[static_cast<std::size_t>(task)].loss;
}

const Tensor* StepParts::gradient(int task, const Tensor& leaf) const {
  return fovea::tasks()[static_cast<std::size_t>(task)].gradients.find(leaf);
}

double train_step(const Batch& batch, FunctionRef<Tensor(const Tile&)> loss) {
  require(batch.size > 0, "[train_step] the batch is empty");
  const int count = train_step_parts(batch, loss).tasks();
  const std::span<const Task> done(tasks().data(), static_cast<std::size_t>(count));
  reduce_gradients(done);
  double total = 0;
  for (const Task& task : done) total += task.loss;
  return total / batch.whole_size();
}

void for_each_tile(const Batch& batch, FunctionRef<void(const Tile&)> visit) {
  const StepScope step;
  run_tasks(tile_count(batch.size), [&](int i) {
    const InStep in_step(step);
    const NoGrad guard;
    begin_tape();
    const Tile tile = make_tile(batch, i);
    seed_lane_random(batch.seed, tile.first);
    visit(tile);
  });
}

void seed_lane_random(std::uint64_t seed, int first_sample) {
  lane_random = {seed, static_cast<std::uint32_t>(first_sample), 0};
}

// One round of a 32-bit finaliser with low bias (Wellons 2018).
static void mix_lanes(LaneBits& x) {
  x ^= x >> 16;
  x *= 0x7FEB352Du;
  x ^= x >> 15;
  x *= 0x846CA68Bu;
  x ^= x >> 16;
}

LaneRandom::LaneRandom() {
  const auto key = static_cast<std::uint32_t>(mix(lane_random.seed, lane_random.draws++) >> 32);
  for (std::uint32_t lane = 0; lane < lane_count; ++lane)
    samples_[lane] = key ^ ((lane_random.first_sample + lane) * 0x9E3779B9u);
  mix_lanes(samples_);
}

LaneBits LaneRandom::bits(std::uint32_t element) const {
  LaneBits x = samples_ + element * 0x85EBCA6Bu;
  mix_lanes(x);
  return x;
}

}  // namespace fovea
