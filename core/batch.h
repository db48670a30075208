// A batch as the data side hands it over: 8-bit pixels, which the engine turns into tiles.
#pragma once

#include <cstdint>
#include <span>
#include <type_traits>

#include "core/shape.h"

namespace fovea {

/// A std::span to keep: it refuses a container that is a temporary.
template <class T>
struct View : std::span<const T> {
  View() = default;
  template <class Range>
  requires(std::is_convertible_v<Range, std::span<const T>> &&
           (std::is_lvalue_reference_v<Range> || std::is_base_of_v<std::span<const T>, Range> ||
            std::is_same_v<Range, std::span<T>>)) View(Range&& range)
      : std::span<const T>(range) {}
};

/// `size` images and labels of one training step. Views: the loader owns the memory, which stays
/// valid until the next batch is asked for.
struct Batch {
  int size = 0;
  Shape image_shape;          ///< [C, H, W]
  View<std::uint8_t> pixels;  ///< size * C * H * W bytes, NCHW, 0..255
  View<std::int32_t> labels;  ///< size class indices
  View<float> mean;           ///< C values; a tile holds (pixel / 255 - mean) / stddev
  View<float> stddev;         ///< C values
  std::uint64_t seed = 0;     ///< random stream of this step (dropout)

  /// Of a batch that several processes share (share.h), this is what one of them has: the images
  /// from `first` on of `whole`; perhaps none.
  int first = 0;
  int whole = 0;         ///< 0: there is no more than this
  int tiles_a_task = 0;  ///< of the whole batch; 0: as of a batch of this size

  int whole_size() const { return whole ? whole : size; }
};

}  // namespace fovea
