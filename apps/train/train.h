// Training from options to finished run.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "apps/cluster/ranks.h"
#include "apps/networks/evaluate.h"
#include "apps/train/learner.h"
#include "apps/train/options.h"
#include "data/dataset.h"

namespace fovea {

/// Options of a run in `folder`: a new one or, where the folder holds one, that one going on.
TrainOptions begin_or_resume(const std::string& folder);

/// What training may be given beside its options.
struct TrainTask {
  /// Called once options and folder have been checked; none: what options.data says. Images are
  /// held out and distorted as options say in either case.
  std::function<DataSplit()> data = {};
  /// One value a sample; none: negative log-likelihood, with options.label_smoothing.
  Loss loss = {};
  std::set<std::string> given = {};  ///< options that a resumed run must agree with
  std::string command = {};          ///< noted in config.json
  Ranks* ranks = nullptr;            ///< that train together; none: those of this job, ranks()
};

/// Trains the network options.model as `options` say, or goes on with the run in options.resume to
/// the same bits, and prints what happens. With a folder, options.out, it leaves weights,
/// checkpoints, logs, pictures and a report there (apps/run/files.h). In a job of several ranks all
/// call it, with the same options; rank 0 prints and writes. Returns the exit code: 0, or
/// 128 + signal if it was stopped early, with its state saved. Throws UsageError for options out of
/// range and Error for what goes wrong.
int train(const TrainOptions& options, const TrainTask& task = {});

}  // namespace fovea
