// What a network makes of images, as the page shows it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/batch.h"
#include "layers/module.h"

namespace fovea::web {

inline constexpr int classes = 10, net_points = 15, net_size = 2 * net_points * net_points;
inline constexpr int reading_size = 5;
inline constexpr float mean = 0.1307f, stddev = 0.3081f;  // MNIST's

/// Of `count` images: see web_look() and what follows it (apps/web/engine.h).
struct Seen {
  std::vector<float> probabilities, net;
  std::vector<std::uint8_t> images;  ///< side * side bytes each
  int side = 0;
  std::vector<double> readings;
};

/// `images` are whole ones of side * side bytes. Shows what the first transformer of the network
/// does; without one, the images as they are.
Seen look(Module& network, int side, std::span<const std::uint8_t> images);

/// `count` images as a batch without labels.
Batch batch_of(std::span<const std::uint8_t> images, int count, int side);

}  // namespace fovea::web
