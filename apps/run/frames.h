// Snapshots of what the transformer does, for the animation.
#pragma once

#include <string>
#include <vector>

#include "apps/networks/stn_network.h"
#include "data/dataset.h"

namespace fovea {

/// Indices of `count` (or all, if fewer) images of the set: the classes in turn, as they come.
std::vector<int> frame_indices(const Dataset& test, int count);

/// One line of frames/theta.jsonl (run_files.h) about the images at `indices`.
std::string frame_line(StnNetwork& network, const Dataset& test, const std::vector<int>& indices,
                       std::int64_t step, double epoch);

}  // namespace fovea
