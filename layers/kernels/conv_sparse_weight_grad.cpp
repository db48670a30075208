// The gradient of a convolution's weights from the entries of each sample: an entry adds its
// value times the patch of the input that it was computed from.
#include <algorithm>

#include "core/long_sum.h"
#include "core/memory.h"
#include "layers/kernels/channels_last.h"
#include "layers/kernels/conv_pool_grads.h"
#include "layers/kernels/sparse_entries.h"

namespace fovea {

namespace {

// Offsets of the patches in a sample of the input; a segment is an output channel.
SparseEntries entries_by_channel(const ConvGeometry& g, const Lanes* dy, const LaneInts* winners) {
  const int windows = g.windows();
  const RealInt right = g.position_offset(0, 1) * g.in, below = g.position_offset(1, 0) * g.in;
  const Buffer<RealInt> corners(static_cast<std::size_t>(windows));
  for (int i = 0; i < windows; ++i) corners[i] = g.window_offset(i) * g.in;
  return {g.out, windows, [&](int channel, int i, int part) -> SparseSlot {
            const long at = static_cast<long>(channel) * windows + i;
            const Native value = native(dy[at], part);
            const NativeInts winner = native(winners[at], part);
            return {corners[i] + (winner & 1) * right + (winner >> 1) * below, value,
                    (winner != dead_window) & (value != 0)};
          }};
}

std::span<const SparseEntry> part_of(std::span<const SparseEntry> all, int first, int count) {
  const std::size_t begin = std::min(static_cast<std::size_t>(first), all.size());
  return all.subspan(begin, std::min(static_cast<std::size_t>(count), all.size() - begin));
}

}  // namespace

void conv_sparse_weight_grad(const ConvGeometry& g, const Lanes* x, const Lanes* dy,
                             const LaneInts* winners, Real* dw) {
  const SparseEntries entries = entries_by_channel(g, dy, winners);
  const ChannelsLast shape{g.in, g.height * g.width};
  const Buffer<Real> samples(static_cast<std::size_t>(shape.stride()) * lane_count);
  lanes_to_samples(shape, x, samples.data());

  const int row = (g.kernel_w * g.in + native_width - 1) / native_width;  // vectors
  const long filter_row = static_cast<long>(row) * native_width, filter = g.kernel_h * filter_row;
  const Buffer<Real> filters(static_cast<std::size_t>(filter) * g.out);
  const long sample_row = static_cast<long>(g.width) * g.in;
  const int kernel = g.kernel_h * g.kernel_w;
  // So many entries of each channel and sample are added one after the other.
  const int windows = g.windows(), block = sum_block(4 * windows) / 4;
  for (int first = 0; first < windows; first += block) {
    std::fill_n(filters.data(), filters.size(), Real(0));
    for (int lane = 0; lane < lane_count; ++lane)
      for_each_piece(g.kernel_h, row, [&](int r, int v, auto rows, auto vectors) {
        const Real* sample = &samples[lane * shape.stride() + r * sample_row + v * native_width];
        Real* out = &filters[r * filter_row + v * native_width];
        for (int o = 0; o < g.out; ++o, out += filter) {
          auto some = entries.of(lane, o);
          if (block < windows) some = part_of(some, first, block);
          if (!some.empty()) add_patches<rows, vectors>(some, sample, sample_row, out, filter_row);
        }
      });
    for (int o = 0; o < g.out; ++o)
      for (int i = 0; i < g.in; ++i)
        for (int k = 0; k < kernel; ++k)
          dw[(static_cast<long>(o) * g.in + i) * kernel + k] +=
              filters[o * filter + k / g.kernel_w * filter_row + k % g.kernel_w * g.in + i];
  }
}

}  // namespace fovea
