// The parts of `build/bench`: each measures one thing and returns numbers; main.cpp shows them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "apps/networks/network.h"

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

/// A network of the table (apps/networks), with its usual images and ten classes.
std::unique_ptr<Module> make_bench_network(const std::string& name);
Shape bench_input(const std::string& name);

/// Dense floating-point operations of one training sample, a multiply-add being two: of every layer
/// with weights its forward pass, the gradient of its weights, and that of its input where somebody
/// wants it; of a sampler 51 multiply-adds an output (grid, coordinates, four weights and four taps
/// of every pixel, forward and back).
double training_flop(const std::string& network);

/// GFLOP/s of fused multiply-adds (of multiplications and additions where the instruction set has
/// none), on `threads` threads at once.
double peak_gflops(int threads, const Effort& effort);

/// Samples a second of whole training steps (SGD, dropout, a real update after every batch) on
/// random images that are in memory.
Rate training_rate(const std::string& network, int batch, int threads, const Effort& effort);
/// Samples a second of evaluation.
Rate evaluation_rate(const std::string& network, int batch, int threads, const Effort& effort);
/// training_rate while another thread keeps one core busy.
Rate busy_training_rate(const std::string& network, int batch, int threads, const Effort& effort);
/// Allocations a steady-state training step makes: blocks that the engine takes from the system,
/// and calls of operator new.
double allocations_per_step(const std::string& network, int batch, int threads);

/// One row of the table of layers: microseconds a sample on one thread; below 0: not computed.
struct LayerTimes {
  std::string name;
  double forward = -1, input_grad = -1, weight_grad = -1;
  double multiply_adds = 0;    ///< of one of the three; 0: not counted
  std::string operation = {};  ///< see Case
  std::vector<std::pair<std::string, int>> sizes = {};
};
/// Of the tutorial's network.
std::vector<LayerTimes> layer_times(double seconds_each);
/// Of operation_cases().
std::vector<LayerTimes> operation_times(double seconds_each);

/// One way to compute one pass of a convolution with 2x2 pooling behind it (conv_costs.h).
struct WayTime {
  int in, out, kernel, side;  ///< square; `side` of the padded input
  std::string way, pass;
  double detail;         ///< winograd: outputs of a tile; sparse: share of gradients not zero
  double us_per_sample;  ///< on one thread
};
std::vector<WayTime> way_times(double seconds_each);

/// What one of the reasons for the speed is worth: images a second (or what `what` says) with it
/// and without it, in turns on one thread, of CPU time.
struct Reason {
  std::string name, what;
  double with, without;
};
std::vector<Reason> reasons(const Effort& effort);

/// Microseconds an image on one thread.
struct DistortionTime {
  std::string name;
  double us_per_image;
};
/// Of every one of data/distort.h, of drawn digits of 28 x 28.
std::vector<DistortionTime> distortion_times(const Effort& effort);

/// Peak memory in MB of a process that trains on as many images as MNIST has. `self`: this program.
double training_memory_mb(const std::string& self);
/// Of one that takes a few training steps of 64 samples on all CPUs.
double step_memory_mb(const std::string& self, const std::string& network);
/// Milliseconds from the start of a process to the end of its first training step.
double first_step_ms(const std::string& self);
/// What such a process does; returns its exit code.
int run_probe(const std::string& probe);

/// Calls of operator new so far, by all threads.
long new_calls();

}  // namespace fovea::bench
