// The model that a run starts with.
#pragma once

#include "apps/networks/model.h"
#include "apps/train/data.h"
#include "apps/train/options.h"

namespace fovea {

/// A new model for that data or, with --init, one with those weights. Throws Error or UsageError
/// for options and weights that do not fit.
Model start_model(const TrainOptions& options, const DataSplit& data);

/// Whether "fill" is set as an option of the network, instead of by --fill.
bool sets_fill(const TrainOptions& options);

}  // namespace fovea
