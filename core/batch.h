// A batch as the data side hands it over: 8-bit pixels, which the engine turns into tiles.
#pragma once

#include <cstdint>
#include <span>

#include "core/shape.h"

namespace fovea {

/// `size` images and labels of one training step. Views: the loader owns the memory, which stays
/// valid until the next batch is asked for.
struct Batch {
  int size = 0;
  Shape image_shape;                     ///< [C, H, W]
  std::span<const std::uint8_t> pixels;  ///< size * C * H * W bytes, NCHW, 0..255
  std::span<const std::int32_t> labels;  ///< size class indices
  std::span<const float> mean;           ///< C values; a tile holds (pixel / 255 - mean) / stddev
  std::span<const float> stddev;         ///< C values
  std::uint64_t seed = 0;                ///< random stream of this step (dropout)
};

}  // namespace fovea
