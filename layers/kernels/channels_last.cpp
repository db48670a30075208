#include "layers/kernels/channels_last.h"

#include <algorithm>

namespace fovea {

namespace {

// Calls visit(at, count, first) for every vector of a sample: its elements [first, first + count)
// are elements at[] of the lanes; at[] is valid to its end.
template <class Visit>
void for_each_vector(const ChannelsLast& shape, const Visit& visit) {
  const int total = shape.channels * shape.positions;
  int channel = 0, position = 0, at[native_width];
  for (int first = 0; first < total; first += native_width) {
    const int count = std::min(native_width, total - first);
    for (int i = 0; i < count; ++i) {
      at[i] = channel * shape.positions + position;
      if (++channel == shape.channels) channel = 0, ++position;
    }
    std::fill(at + count, at + native_width, at[count - 1]);
    visit(at, count, first);
  }
}

}  // namespace

void lanes_to_samples(const ChannelsLast& shape, const Lanes* lanes, Real* samples) {
  const long stride = shape.stride();
  for_each_vector(shape, [&](const int* at, int, int first) {
    for (int part = 0; part < lane_count; part += native_width) {
      Native v[native_width];
#pragma GCC unroll 16
      for (int i = 0; i < native_width; ++i) v[i] = native(lanes[at[i]], part);
      transpose(v);
#pragma GCC unroll 16
      for (int i = 0; i < native_width; ++i) native(samples + (part + i) * stride + first) = v[i];
    }
  });
  for (int lane = 0; lane < lane_count; ++lane)
    native(samples + (lane + 1) * stride - native_width) = Native{};
}

void add_samples_to_lanes(const ChannelsLast& shape, const Real* samples, Lanes* lanes) {
  const long stride = shape.stride();
  for_each_vector(shape, [&](const int* at, int count, int first) {
    for (int part = 0; part < lane_count; part += native_width) {
      Native v[native_width];
#pragma GCC unroll 16
      for (int i = 0; i < native_width; ++i) v[i] = native(samples + (part + i) * stride + first);
      transpose(v);
#pragma GCC unroll 16
      for (int i = 0; i < native_width; ++i)
        if (i < count) native(lanes[at[i]], part) += v[i];
    }
  });
}

}  // namespace fovea
