// Trains a cell, tests it once, and adds it to the results.
#pragma once

#include <string>

#include "apps/stn_paper/cell.h"

namespace fovea::paper {

struct RunSettings {
  Cell cell;
  TrainOptions recipe;  ///< recipe_of(cell), perhaps changed; its data say which digits
  double minutes = 8;   ///< of training, as the speed at the start promises
  int epochs = 0;       ///< 0: as many as the minutes allow
  int draws = 5;        ///< of the test set
  std::string results;  ///< the file
  std::string runs;     ///< folder of the cells' runs
  bool again = false;   ///< even if the results have the cell
};

/// By this process alone, whatever job it is of. Goes on where the cell's run was interrupted.
/// Returns the exit code: 0 also where there is nothing to do, or no MNIST to do it with, which is
/// said; 128 + signal if it was stopped.
int run_cell(const RunSettings& settings);

}  // namespace fovea::paper
