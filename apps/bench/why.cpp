// Why it is fast: what each of the reasons that the README gives is worth, with it and without it
// in turns, on one thread, in CPU time.
#include <ctime>
#include <optional>

#include "apps/bench/rig.h"
#include "apps/bench/timing.h"
#include "core/autograd.h"
#include "core/workers.h"
#include "layers/activations.h"
#include "layers/conv2d.h"
#include "layers/kernels/conv_choice.h"
#include "layers/linear.h"
#include "layers/max_pool2d.h"
#include "layers/sequential.h"

namespace fovea::bench {

namespace {

// Seconds of CPU time that the process has taken: other programs do not count.
double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// Two actions on so many images, in turns.
template <class With, class Without>
Reason measure(const std::string& name, const std::string& what, int images, const Effort& effort,
               With with, Without without) {
  with(), without();
  std::vector<double> rates[2];
  const double end = cpu_seconds() + 2 * effort.repeats * effort.seconds;
  for (double start = cpu_seconds(); start < end;) {
    with();
    const double middle = cpu_seconds();
    without();
    const double stop = cpu_seconds();
    rates[0].push_back(images / (middle - start));
    rates[1].push_back(images / (stop - middle));
    start = stop;
  }
  return {name, what, rate_of(std::move(rates[0])).median, rate_of(std::move(rates[1])).median};
}

// Whoever wants to see every module gets them one by one.
class OneByOne final : public ModuleObserver {
  void after(const Module&, const Tensor&, const Tensor&) override {}
};

Reason one_pass(const Effort& effort) {
  Rig rig("tutorial", 64);
  const auto step = [&](bool together) {
    train_step(rig.next(), [&](const Tile& tile) {
      std::optional<OneByOne> apart;
      if (!together) apart.emplace();
      return nll_loss((*rig.net)(tile.images), tile.labels);
    });
    rig.optimizer.step();
  };
  return measure(
      "convolution, pooling and ReLU in one pass, backward skips zeros", "training tutorial", 64,
      effort, [&] { step(true); }, [&] { step(false); });
}

Reason fewer_products(const Effort& effort) {
  Rig rig("cifar-deep", 16);
  return measure(
      "fewer products (Winograd)", "training cifar-deep", 16, effort, [&] { rig.step(); },
      [&] {
        const ConvWay before = set_conv_way(ConvWay::direct);
        rig.step();
        set_conv_way(before);
      });
}

// Forward, with the layers apart in both: a tile through all layers, or all tiles through each.
Reason tile_in_cache(const Effort& effort) {
  constexpr int batch = 1024;
  Rig rig("tutorial", batch);
  Random rng(1);
  Sequential net;
  net.add<Conv2d>({.in = 1, .out = 10, .kernel = 5}, rng).add<MaxPool2d>({.kernel = 2});
  net.add<ReLU>().add<Conv2d>({.in = 10, .out = 20, .kernel = 5}, rng);
  net.add<MaxPool2d>({.kernel = 2}).add<ReLU>().add<Linear>({.in = 320, .out = 10}, rng);
  net.eval();
  std::vector<Tensor> tiles;
  for (int i = 0; i < tile_count(batch); ++i) tiles.push_back(make_tile(rig.next(), i).images);
  const NoGrad guard;
  return measure(
      "a tile stays in the cache from layer to layer", "forward, two convolutions", batch, effort,
      [&] {
        for (const Tensor& tile : tiles) {
          Tensor y = tile;
          for (const auto& [name, layer] : net.children()) y = (*layer)(y);
        }
      },
      [&] {
        std::vector<Tensor> y = tiles;
        for (const auto& [name, layer] : net.children())
          for (Tensor& one : y) one = (*layer)(one);
      });
}

// What fills the registers: samples, or the channels of one sample. A convolution of few channels
// with as much work as one of many.
Reason lanes_are_samples(const Effort& effort) {
  Random rng(1);
  const Conv2d few({.in = 1, .out = 8, .kernel = 5}, rng),
      many({.in = 64, .out = 64, .kernel = 5}, rng);
  const Tensor small = Tensor::zeros({1, 28, 28}, true), large = Tensor::zeros({64, 12, 12}, true);
  const NoGrad guard;
  const double work_few = 8 * 25 * 24 * 24, work_many = 64.0 * 64 * 25 * 8 * 8;
  const ConvWay before = set_conv_way(ConvWay::direct);
  const auto often = [](const Conv2d& conv, const Tensor& x) {
    for (int i = 0; i < 16; ++i) conv(x);
  };
  Reason reason = measure(
      "samples fill the registers, whatever the channels",
      "GFLOP/s: 1 -> 8 channels beside 64 -> 64, direct", 16 * lane_count, effort,
      [&] { often(few, small); }, [&] { often(many, large); });
  set_conv_way(before);
  reason.with *= 2 * work_few / 1e9;
  reason.without *= 2 * work_many / 1e9;
  return reason;
}

}  // namespace

std::vector<Reason> reasons(const Effort& effort) {
  set_threads(1);
  std::vector<Reason> all;
  run_tasks(1, [&](int) {  // as inside a step: denormals are flushed
    all.push_back(lanes_are_samples(effort));
    all.push_back(tile_in_cache(effort));
  });
  all.push_back(one_pass(effort));
  all.push_back(fewer_products(effort));
  return all;
}

}  // namespace fovea::bench
