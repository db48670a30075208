// What is checked before a run touches anything: options, the folder, where to go on.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "apps/run/checkpoint.h"
#include "apps/train/options.h"
#include "core/file.h"

namespace fovea {

/// Options, the folder with the lock on it, and where to go on.
struct Start {
  TrainOptions options;
  std::unique_ptr<OutputDirectory> folder;  // outlives the lock, which is a file in it
  std::unique_ptr<DirectoryLock> lock;
  std::optional<Checkpoint> checkpoint;
};

/// Checks all of it before data is read. `writes`: this process is to write the folder; one that is
/// not reads the checkpoint alone, and its options name no folder afterwards. Throws Error and
/// UsageError.
Start prepare(TrainOptions options, const std::set<std::string>& given, bool writes);

}  // namespace fovea
