// The results file: one JSON object a line for every finished cell. Programs that run at the same
// time may add to one file.
//
// {"set", "net", "warp", "transformers", "seed", "tag", "parameters", "error": percent, the mean
//  over draws of the test set, "standard_error": of that mean, "errors": [one a draw],
//  "test_images", "validation_error": percent, of the best epoch, "best_epoch", "epochs",
//  "minutes": of training, "minutes_given", "data": name, "train_images", "synthetic", "recipe",
//  "machine", "fovea", "finished"}
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/shell/json.h"
#include "apps/stn_paper/cell.h"

namespace fovea::paper {

struct Result {
  Cell cell;
  std::size_t parameters = 0;
  std::vector<double> errors;  ///< percent wrong, one a draw of the test set
  double validation_error = 0;
  int best_epoch = 0, epochs = 0;
  double minutes = 0;      ///< spent training
  bool synthetic = false;  ///< trained and tested on drawn digits
  Json more = {};          ///< fields that no table needs
};

/// Error if append_result() could not write: found before hours of training, not behind them.
void require_appendable(const std::string& path);

/// Adds a line: all of it or nothing, whatever else is being added at the same time. A torn last
/// line, somebody else's, gives way. Error: the file cannot be written.
void append_result(const std::string& path, const Result& result);

/// All lines, in their order; none if the file is missing. Error naming file and line for damage;
/// of a last line that is torn a warning.
std::vector<Result> read_results(const std::string& path);

}  // namespace fovea::paper
