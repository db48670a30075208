// Optimisers by name, and what each means for the rest of a recipe.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "optim/optimizer.h"

namespace fovea {

struct TrainOptions;

/// An entry of the table of optimisers.
struct OptimizerKind {
  std::string name;     ///< --optimizer NAME
  double lr;            ///< highest rate of the schedule, unless given
  double weight_decay;  ///< unless given
  bool momentum;        ///< takes --momentum
  bool plain;           ///< means the tutorial's recipe: constant rate, no augmentation
  std::unique_ptr<Optimizer> (*make)(std::vector<ParameterGroup> groups, const TrainOptions& o);
};

/// The one list, the default first.
const std::vector<OptimizerKind>& optimizer_kinds();

/// Throws UsageError, with the nearest name, for an unknown one.
const OptimizerKind& find_optimizer(const std::string& name);

}  // namespace fovea
