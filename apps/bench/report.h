// What bench measured, and how it is shown: as text on the way, as JSON at the end.
#pragma once

#include <string_view>

#include "apps/bench/bench.h"

namespace fovea::bench {

struct Machine {
  std::string cpu;
  int cores = 0;
  std::string compiler, flags;
  std::string instructions;  ///< "AVX-512, 16 floats a register"
  std::string blas, blas_warning;
};
Machine describe_machine();

struct Peak {
  int threads;
  double gflops;
};

struct Speed {
  int batch = 0, threads = 0;
  Rate samples_per_second;
  double percent_of_peak = 0;  ///< 0: not counted
};

struct Width {
  int factor;
  double mflop;  ///< a training sample
  Speed speed;
};

/// What training on an image takes of all threads together, to compare a distortion with.
struct TrainingTime {
  std::string network;
  double us_per_image;
};

struct Large {
  std::string section;
  long parameters = 0;
  std::vector<Speed> train, eval;
  double peak_rss_mb = 0;
};

struct Results {
  Machine machine;
  std::vector<Peak> peak;
  std::vector<Speed> train, eval, busy;
  std::vector<Large> larger;
  std::vector<Width> widths;
  std::vector<LayerTimes> layers, operations;
  std::vector<WayTime> ways;
  std::vector<Reason> reasons;
  std::vector<DistortionTime> distortions;
  std::vector<TrainingTime> learners;
  double allocations_per_step = -1, peak_rss_mb = -1,
         first_step_ms = -1;  ///< below 0: not measured
};

void print_machine(const Machine& machine);
void print_peak(const std::vector<Peak>& peak);
void print_title(const std::string& title, double flop);  ///< flop 0: not said
void print_speed(const Speed& speed);
void print_width(const Width& width);
void print_layers(const std::string& title, const std::vector<LayerTimes>& layers,
                  double peak_gflops);

void print_ways(const std::vector<WayTime>& ways);
void print_reasons(const std::vector<Reason>& reasons);
void print_distortions(const std::vector<DistortionTime>& distortions,
                       const std::vector<TrainingTime>& learners);

/// What a file of write_json() begins with.
inline constexpr std::string_view json_mark = "{\n  \"machine\": {\n    \"cpu\": ";

/// Throws Error if the file cannot be written.
void write_json(const std::string& path, const Results& results);

}  // namespace fovea::bench
