// Sixteen samples one after the other, each [H, W, C], where a tensor holds them as lanes, [C, H,
// W]: a row of a convolution's patch is then one run of memory in a sample of its own.
#pragma once

#include "core/native.h"

namespace fovea {

/// The shape of such samples, and how far apart they lie.
struct ChannelsLast {
  int channels, positions;

  /// Reals from one sample to the next: whole vectors, and one more than there are, so that a
  /// vector may begin at any element.
  long stride() const {
    const long elements = static_cast<long>(channels) * positions;
    return ((elements + native_width - 1) / native_width + 1) * native_width;
  }
};

/// samples = lanes. What lies between two samples can be read, and weighs nothing.
void lanes_to_samples(const ChannelsLast& shape, const Lanes* lanes, Real* samples);

/// lanes += samples.
void add_samples_to_lanes(const ChannelsLast& shape, const Real* samples, Lanes* lanes);

}  // namespace fovea
