// How the work of a step is cut: a batch into tiles of sixteen samples, tiles into tasks that share
// gradients, and tasks among processes that take a step together.
#pragma once

#include <algorithm>

#include "core/lanes.h"

namespace fovea {

/// Number of tiles that a batch is cut into.
inline int tile_count(int batch_size) {
  return (batch_size + lane_count - 1) / lane_count;
}

/// Tasks of a step of one process, at most: the memory for gradients is bounded however large the
/// batch is.
inline constexpr int max_tasks = 16;

/// The part of a batch that one process does: whole tasks, neighbours in the batch.
struct Share {
  int first = 0, size = 0;  ///< samples [first, first + size) of the batch; none is possible
  int tasks = 0;
  int tiles_a_task = 1;
};

/// That of process `rank` of `ranks`. Up to max_tasks processes have the very tasks that one would
/// have, so that their gradients can be summed to the same bits; more processes have one each.
inline Share share_of(int batch_size, int rank = 0, int ranks = 1) {
  const auto over = [](int a, int b) { return (a + b - 1) / b; };
  const int tiles = tile_count(batch_size), most = std::max(max_tasks, ranks);
  Share share{.tiles_a_task = std::max(1, over(tiles, most))};
  const int tasks = over(tiles, share.tiles_a_task);
  const auto first_task = [&](int r) {
    return static_cast<int>((static_cast<long>(r) * tasks + ranks - 1) / ranks);
  };
  const auto sample = [&](int task) {
    return std::min<long>(batch_size, static_cast<long>(task) * share.tiles_a_task * lane_count);
  };
  const int begin = first_task(rank), end = first_task(rank + 1);
  share.tasks = end - begin;
  share.first = static_cast<int>(sample(begin));
  share.size = static_cast<int>(sample(end)) - share.first;
  return share;
}

}  // namespace fovea
