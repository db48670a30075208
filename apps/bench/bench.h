// The parts of `build/bench`: each measures one thing and returns numbers; main.cpp shows them.
#pragma once

#include <string>
#include <vector>

#include "apps/networks/stn_network.h"

namespace fovea::bench {

/// How long to measure: `repeats` times at least `seconds` each.
struct Effort {
  int repeats = 5;
  double seconds = 0.2;
};

/// Figures of several repeats, sorted out.
struct Rate {
  double median = 0, low = 0, high = 0;
  double spread() const { return median > 0 ? (high - low) / median : 0; }
};

/// Multiply-adds of one sample in every layer of the network, forward.
struct Work {
  double localization1 = 0, localization2 = 0, fc_loc = 0, sampler = 0;
  double conv1 = 0, conv2 = 0, fc1 = 0, fc2 = 0;
  double forward() const;  ///< all layers but the sampler
  /// Dense floating-point operations of one training sample, a multiply-add being two:
  /// 2 * (3 * forward - first convolution + sampler). A layer with weights costs its forward pass
  /// thrice (forward, input gradient, weight gradient), but the image needs no gradient from the
  /// localisation network; the classifier's first layer passes one on, to theta.
  double training_flop() const;
};
Work work_of(const StnOptions& options);

/// GFLOP/s of fused multiply-adds (of multiplications and additions where the instruction set has
/// none), on `threads` threads at once.
double peak_gflops(int threads, const Effort& effort);

/// Samples a second of whole training steps (SGD, dropout, a real update after every batch) on
/// random images that are in memory.
Rate training_rate(const StnOptions& options, int batch, int threads, const Effort& effort);
/// Samples a second of evaluation.
Rate evaluation_rate(const StnOptions& options, int batch, int threads, const Effort& effort);
/// training_rate while another thread keeps one core busy.
Rate busy_training_rate(const StnOptions& options, int batch, int threads, const Effort& effort);
/// Allocations a steady-state training step makes: blocks that the engine takes from the system,
/// and calls of operator new.
double allocations_per_step(const StnOptions& options, int batch, int threads);

/// One row of the table of layers: microseconds a sample on one thread; below 0: not computed.
struct LayerTimes {
  std::string name;
  double forward = -1, input_grad = -1, weight_grad = -1;
  double multiply_adds = 0;  ///< of one of the three; 0: not counted
};
std::vector<LayerTimes> layer_times(const StnOptions& options, double seconds_each);

/// Peak memory in MB of a process that trains on as many images as MNIST has. `self`: this program.
double training_memory_mb(const std::string& self);
/// Milliseconds from the start of a process to the end of its first training step.
double first_step_ms(const std::string& self);
/// What such a process does; returns its exit code.
int run_probe(const std::string& probe);

/// Calls of operator new so far, by all threads.
long new_calls();

}  // namespace fovea::bench
