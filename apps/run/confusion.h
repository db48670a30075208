// confusion.json: how the weights that a run gave judged the test images.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apps/networks/evaluate.h"

namespace fovea {

struct Mistake {
  int index = 0;  ///< in the test set
  int label = 0, predicted = 0;
  double probability = 0;  ///< of the prediction
};

/// The answers whose probability lies in one tenth of 0 to 1.
struct CalibrationBin {
  std::int64_t count = 0, correct = 0;
  double probability = 0;  ///< mean, of the answer
};

struct Confusion {
  std::vector<std::string> class_names;
  std::vector<std::int64_t> matrix;  ///< N * N counts, row-major [true][predicted]
  double loss = 0;                   ///< NaN if it was not finite
  std::int64_t correct = 0, total = 0;
  std::vector<Mistake> mistakes;                 ///< the surest wrong answers, worst first
  std::vector<CalibrationBin> calibration = {};  ///< ten; none in files of earlier versions
};

/// Of an evaluation with predictions.
Confusion confusion_of(const Evaluation& evaluation, const Dataset& dataset);

void write_confusion(const std::string& path, const Confusion& confusion);

/// None if the file is missing. Throws Error naming the file if it is damaged.
std::optional<Confusion> read_confusion(const std::string& path);

}  // namespace fovea
