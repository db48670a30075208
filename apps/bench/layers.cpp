// Each layer, each operation by itself: one tile of sixteen samples on one thread.
#include <functional>

#include "apps/bench/cases.h"
#include "apps/bench/rig.h"
#include "apps/bench/timing.h"
#include "core/autograd.h"
#include "core/workers.h"

namespace fovea::bench {

namespace {

// Median seconds of one call of `action`, which returns the seconds it took itself.
double median_seconds(double seconds, const std::function<double()>& action) {
  std::vector<double> times;
  const double end = now() + seconds;
  for (int i = 0; i < 8 || now() < end; ++i) times.push_back(action());
  return rate_of(std::move(times)).median;
}

double forward_seconds(const Case& c, double seconds) {
  return median_seconds(seconds, [&] {
    begin_tape();
    const double start = now();
    const Tensor y = c.run(c.x);
    return now() - start;
  });
}

// Times the way back alone, asking for one kind of gradient.
double backward_seconds(Case& c, bool of_input, double seconds) {
  c.x.set_requires_grad(of_input);
  for (Tensor& p : c.parameters) p.set_requires_grad(!of_input);
  GradientStore store;
  Tensor seed;
  return median_seconds(seconds, [&] {
    begin_tape();
    store.begin();
    const Tensor y = c.run(c.x);
    if (!seed) {
      seed = Tensor::zeros(y.shape(), true);
      Random rng(3);
      for (Real& value : seed.values()) value = static_cast<Real>(rng.normal());
    }
    const double start = now();
    backward(y, seed, &store);
    return now() - start;
  });
}

LayerTimes measure(Case& c, double seconds) {
  const double us_a_sample = 1e6 / lane_count;
  LayerTimes times{
      .name = c.name, .multiply_adds = c.multiply_adds, .operation = c.operation, .sizes = c.sizes};
  times.forward = forward_seconds(c, seconds) * us_a_sample;
  if (c.input_grad) times.input_grad = backward_seconds(c, true, seconds) * us_a_sample;
  if (!c.parameters.empty()) times.weight_grad = backward_seconds(c, false, seconds) * us_a_sample;
  return times;
}

// As inside a step: denormals are flushed.
std::vector<LayerTimes> measure_all(std::vector<Case> cases, double seconds_each) {
  set_threads(1);
  std::vector<LayerTimes> table;
  run_tasks(1, [&](int) {
    for (Case& c : cases) table.push_back(measure(c, seconds_each));
  });
  return table;
}

}  // namespace

std::vector<LayerTimes> operation_times(double seconds_each) {
  return measure_all(operation_cases(), seconds_each);
}

std::vector<LayerTimes> layer_times(double seconds_each) {
  std::vector<LayerTimes> table = measure_all(layer_cases(), seconds_each);
  Rig rig("tutorial", 64);
  rig.step();
  const double tile = median_seconds(seconds_each, [&] {
    const double start = now();
    make_tile(rig.view, 0);
    return now() - start;
  });
  table.push_back({.name = "images to tile", .forward = tile * 1e6 / lane_count});
  const double update = median_seconds(seconds_each, [&] {
    const double start = now();
    rig.optimizer.step();
    return now() - start;
  });
  table.push_back({.name = "SGD update, batch 64", .forward = update * 1e6 / 64});
  return table;
}

}  // namespace fovea::bench
