// Options that were given and change nothing beside the others: misuse, not silence.
#pragma once

#include <set>
#include <string>

#include "apps/networks/model.h"
#include "apps/train/options.h"

namespace fovea {

/// Throws UsageError for the first of the options `given` (long names) to a new run that another
/// schedule, another optimiser, a folder or weights would need. After resolve().
void refuse_ignored(const TrainOptions& options, const std::set<std::string>& given);

/// The same for options of transformers that `model` does not have.
void refuse_ignored(const Model& model, const std::set<std::string>& given);

}  // namespace fovea
