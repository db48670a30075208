// mnist_stn eval --sweep: accuracy against rotation, scale or shift.
#pragma once

#include <string>

#include "apps/networks/model.h"
#include "apps/train/data.h"

namespace fovea {

struct SweepOptions {
  std::string name;     ///< of data/sweep.h; empty: no sweep
  std::string control;  ///< weights to compare with; empty: none
  std::string chart;    ///< the SVG file; empty: sweep-NAME.svg
};

/// Throws UsageError, with the nearest name, for one that does not exist, and where options of a
/// sweep are given without one.
void check_sweep(const SweepOptions& options);

/// Prints a table of accuracies on the test images and draws them.
void run_sweep(const SweepOptions& options, const std::string& weights, const Model& model,
               const DataOptions& data);

}  // namespace fovea
