// The gradient of a convolution's input from the entries of each sample: an entry adds its value
// times its filter. The entries of one pooling window, of all channels, meet in registers.
#include <algorithm>

#include "core/memory.h"
#include "layers/kernels/channels_last.h"
#include "layers/kernels/conv_pool_grads.h"
#include "layers/kernels/sparse_entries.h"

namespace fovea {

namespace {

// The filters, channels last in a frame of zeros. What a window passes on covers one position more
// to the right and below than a filter: the filter of each of its four positions is the same
// memory, seen from one position further in.
struct FramedFilters {
  int rows, row;   // of a window's patch; `row` in vectors
  long stride;     // Reals from row to row of a filter
  long filter;     // and from filter to filter
  RealInt corner;  // of the window's first position
  RealInt right, below;

  explicit FramedFilters(const ConvGeometry& g)
      : rows(g.kernel_h + g.stride_h),
        row(((g.kernel_w + g.stride_w) * g.in + native_width - 1) / native_width),
        stride(static_cast<long>(row) * native_width + static_cast<long>(g.stride_w) * g.in),
        filter((rows + g.stride_h) * stride),
        corner(static_cast<RealInt>(g.stride_h * stride + g.stride_w * g.in)),
        right(-g.stride_w * g.in),
        below(static_cast<RealInt>(-g.stride_h * stride)) {}
};

Buffer<Real> framed(const ConvGeometry& g, const FramedFilters& f, const Real* w) {
  Buffer<Real> out(static_cast<std::size_t>(f.filter) * g.out);
  std::fill_n(out.data(), out.size(), Real(0));
  for (int o = 0; o < g.out; ++o)
    for (int i = 0; i < g.in; ++i)
      for (int ky = 0; ky < g.kernel_h; ++ky)
        for (int kx = 0; kx < g.kernel_w; ++kx)
          out[o * f.filter + f.corner + ky * f.stride + kx * g.in + i] = *w++;
  return out;
}

// Offsets of the filters in their frames; a segment is a window.
SparseEntries entries_by_window(const ConvGeometry& g, const FramedFilters& f, const Lanes* dy,
                                const LaneInts* winners) {
  const int windows = g.windows();
  return {windows, g.out, [&](int window, int channel, int part) -> SparseSlot {
            const long at = static_cast<long>(channel) * windows + window;
            const Native value = native(dy[at], part);
            const NativeInts winner = native(winners[at], part);
            const RealInt filter = static_cast<RealInt>(channel * f.filter) + f.corner;
            return {filter + (winner & 1) * f.right + (winner >> 1) * f.below, value,
                    (winner != dead_window) & (value != 0)};
          }};
}

}  // namespace

void conv_sparse_input_grad(const ConvGeometry& g, const Real* w, const Lanes* dy,
                            const LaneInts* winners, Lanes* dx) {
  const FramedFilters f(g);
  const Buffer<Real> filters = framed(g, f, w);
  const SparseEntries entries = entries_by_window(g, f, dy, winners);
  const ChannelsLast shape{g.in, g.height * g.width};
  const Buffer<Real> samples(static_cast<std::size_t>(shape.stride()) * lane_count);
  std::fill_n(samples.data(), samples.size(), Real(0));
  const long sample_row = static_cast<long>(g.width) * g.in;
  const int windows = g.windows();
  const Buffer<long> corners(static_cast<std::size_t>(windows));
  for (int i = 0; i < windows; ++i) corners[i] = static_cast<long>(g.window_offset(i)) * g.in;
  for (int lane = 0; lane < lane_count; ++lane)
    for_each_piece(f.rows, f.row, [&](int r, int v, auto rows, auto vectors) {
      Real* sample = &samples[lane * shape.stride() + r * sample_row + v * native_width];
      const Real* filter = &filters[r * f.stride + v * native_width];
      for (int i = 0; i < windows; ++i)
        if (const auto some = entries.of(lane, i); !some.empty())
          add_patches<rows, vectors>(some, filter, f.stride, sample + corners[i], sample_row);
    });
  add_samples_to_lanes(shape, samples.data(), dx);
}

}  // namespace fovea
