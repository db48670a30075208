// The command `train` from options to finished run.
#pragma once

#include <set>
#include <string>

#include "apps/train/options.h"

namespace fovea {

/// Trains as `options` say and prints what happens. `given` are the options the user named, which a
/// resumed run must agree with. Returns the exit code: 0, or 128 + signal if it was stopped early,
/// with its state saved. Throws UsageError for options out of range and Error for what goes wrong;
/// `command_line` is noted in config.json.
int train_run(TrainOptions options, const std::set<std::string>& given,
              const std::string& command_line);

}  // namespace fovea
