// Whole training steps and evaluation, on images that are in memory.
#include <atomic>
#include <thread>

#include "apps/bench/rig.h"
#include "apps/bench/timing.h"
#include "core/memory.h"
#include "core/workers.h"

namespace fovea::bench {

Rate training_rate(const std::string& network, int batch, int threads, const Effort& effort) {
  set_threads(threads);
  Rig rig(network, batch);
  Rate rate = calls_per_second(effort, [&] { rig.step(); });
  return {rate.median * batch, rate.low * batch, rate.high * batch};
}

Rate evaluation_rate(const std::string& network, int batch, int threads, const Effort& effort) {
  set_threads(threads);
  Rig rig(network, batch);
  rig.net->eval();
  Rate rate = calls_per_second(effort, [&] { rig.evaluate(); });
  return {rate.median * batch, rate.low * batch, rate.high * batch};
}

Rate busy_training_rate(const std::string& network, int batch, int threads, const Effort& effort) {
  std::atomic<bool> stop = false;
  std::thread neighbour([&] {
    while (!stop.load(std::memory_order_relaxed)) {
    }
  });
  const Rate rate = training_rate(network, batch, threads, effort);
  stop = true;
  neighbour.join();
  return rate;
}

double allocations_per_step(const std::string& network, int batch, int threads) {
  set_threads(threads);
  Rig rig(network, batch);
  // Which worker takes which tile varies, so each fills its cache in its own time.
  for (int i = 0; i < 200; ++i) rig.step();
  const long before = system_allocations() + new_calls();
  constexpr int steps = 100;
  for (int i = 0; i < steps; ++i) rig.step();
  return static_cast<double>(system_allocations() + new_calls() - before) / steps;
}

}  // namespace fovea::bench
