#include "layers/conv_sparse.h"

#include <algorithm>

#include "core/memory.h"

namespace fovea {

namespace {

// A gradient that is not zero.
struct Entry {
  int channel;   // of the output
  int position;  // in x, of its first tap
  Real value;
};

// The entries of each sample, channel by channel.
class Entries {
 public:
  Entries(const ConvGeometry& g, const Lanes* dy, const LaneInts* winners)
      : pooled_h_(g.out_h / 2),
        pooled_w_(g.out_w / 2),
        capacity_(g.out * pooled_h_ * pooled_w_),
        entries_(static_cast<std::size_t>(capacity_) * lane_count) {
    for (int o = 0, i = 0; o < g.out; ++o)
      for (int py = 0; py < pooled_h_; ++py)
        for (int px = 0; px < pooled_w_; ++px, ++i) {
          const int corner = g.position_offset(2 * py, 2 * px);
          const int offsets[dead_window + 1] = {corner, corner + g.stride_w,
                                                corner + g.position_offset(1, 0),
                                                corner + g.position_offset(1, 1), corner};
          for (int lane = 0; lane < lane_count; ++lane) {
            const Real value = dy[i][lane];
            const RealInt winner = winners[i][lane];
            // Written always and counted if it matters: a branch would be a coin toss.
            entries_[lane * static_cast<long>(capacity_) + counts_[lane]] = {o, offsets[winner],
                                                                             value};
            counts_[lane] += winner != dead_window && value != 0;
          }
        }
  }

  const Entry* begin(int lane) const { return &entries_[lane * static_cast<long>(capacity_)]; }
  const Entry* end(int lane) const { return begin(lane) + counts_[lane]; }
  long total() const {
    long sum = 0;
    for (int count : counts_) sum += count;
    return sum;
  }

 private:
  int pooled_h_, pooled_w_, capacity_;
  int counts_[lane_count] = {};
  Buffer<Entry> entries_;
};

// Channels last and padded to whole vectors, so that a row of a patch is one run of memory.
struct ChannelsLast {
  int channels, padded;
  explicit ChannelsLast(int n)
      : channels(n), padded((n + native_width - 1) / native_width * native_width) {}
};

// lanes [C, positions] to or from samples [16, positions, padded C].
template <bool to_samples>
void move_samples(const ChannelsLast& c, int positions, Lanes* lanes, Real* samples) {
  const long sample = static_cast<long>(positions) * c.padded;
  for (int p = 0; p < positions; ++p)
    for (int first = 0; first < c.channels; first += native_width) {
      const int count = std::min(native_width, c.channels - first);
      for (int part = 0; part < lane_count; part += native_width) {
        Native v[native_width];
        Real* const at = samples + part * sample + static_cast<long>(p) * c.padded + first;
        const auto lane = [&](int i) -> Native& {
          return native(
              reinterpret_cast<Real*>(lanes + static_cast<long>(first + i) * positions + p) + part);
        };
        if constexpr (to_samples) {
          for (int i = 0; i < native_width; ++i) v[i] = i < count ? lane(i) : Native{};
          transpose(v);
          for (int i = 0; i < native_width; ++i) native(at + i * sample) = v[i];
        } else {
          for (int i = 0; i < native_width; ++i) v[i] = native(at + i * sample);
          transpose(v);
          for (int i = 0; i < count; ++i) lane(i) += v[i];
        }
      }
    }
}

// Where one row of a filter meets the samples: x and dx at the first entry position's row, channels
// last; w and dw one row of one filter.
struct RowPass {
  const Entry* begin;  // entries of one sample and one output channel
  const Entry* end;
  int padded;
  const Real* x;
  const Real* w;
  Real* dx;  // null if not wanted
  Real* dw;  // null if not wanted
};

// V vectors of the row: the filter's gradient and its weights stay in registers for all entries.
template <int V>
void row_pass(const RowPass& r, int offset) {
  Native dw[V] = {}, w[V] = {};
#pragma GCC unroll 8
  for (int v = 0; v < V; ++v) {
    if (r.dw) dw[v] = native(r.dw + offset + v * native_width);
    if (r.dx) w[v] = native(r.w + offset + v * native_width);
  }
  for (const Entry* e = r.begin; e != r.end; ++e) {
    const long at = static_cast<long>(e->position) * r.padded + offset;
    const Native value = e->value - Native{};
    if (r.dw) {
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v) dw[v] += value * native(r.x + at + v * native_width);
    }
    if (r.dx) {
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v) native(r.dx + at + v * native_width) += value * w[v];
    }
  }
  if (!r.dw) return;
#pragma GCC unroll 8
  for (int v = 0; v < V; ++v) native(r.dw + offset + v * native_width) = dw[v];
}

void row_passes(const RowPass& r, int row) {
  constexpr int most = 5;
  for (int offset = 0; offset < row;) {
    const int vectors = std::min(most, (row - offset) / native_width);
    switch (vectors) {
      case 1: row_pass<1>(r, offset); break;
      case 2: row_pass<2>(r, offset); break;
      case 3: row_pass<3>(r, offset); break;
      case 4: row_pass<4>(r, offset); break;
      default: row_pass<most>(r, offset); break;
    }
    offset += vectors * native_width;
  }
}

// weights [out, in, kh * kw] to or from [out, kh * kw, padded in].
template <bool to_last>
void move_weights(const ConvGeometry& g, const ChannelsLast& c, Real* w, Real* last) {
  const int kernel = g.kernel_h * g.kernel_w;
  for (int o = 0; o < g.out; ++o)
    for (int i = 0; i < g.in; ++i)
      for (int k = 0; k < kernel; ++k) {
        Real& a = w[(static_cast<long>(o) * g.in + i) * kernel + k];
        Real& b = last[(static_cast<long>(o) * kernel + k) * c.padded + i];
        if constexpr (to_last) {
          b = a;
        } else {
          a += b;
        }
      }
}

}  // namespace

bool conv_pool_sparse_grads(const ConvGeometry& g, const Lanes* x, const Real* w, const Lanes* dy,
                            const LaneInts* winners, Real* dw, Lanes* dx) {
  const ChannelsLast c(g.in);
  const double dense_cost = static_cast<double>(g.out) * g.positions() * g.taps();
  // An entry costs a load, a multiply-add and a store for each vector of its patch: measured, 1.5
  // times a dense multiply-add. The least possible number of entries decides before they are
  // listed.
  const double entry_cost =
      1.5 * g.kernel_h * g.kernel_w * c.padded / native_width * (lane_count / native_width);
  if (g.dilation_h != 1 || g.dilation_w != 1 || g.in < native_width / 2) return false;
  const Entries entries(g, dy, winners);
  if (static_cast<double>(entries.total()) * entry_cost > dense_cost) return false;

  const int plane = g.height * g.width, row = g.kernel_w * c.padded;
  const long sample = static_cast<long>(plane) * c.padded;
  const long filter = static_cast<long>(g.kernel_h) * row;
  Buffer<Real> xs(sample * lane_count), dxs(dx ? sample * lane_count : 0);
  Buffer<Real> ws(dx ? filter * g.out : 0), dws(dw ? filter * g.out : 0);
  if (dw) move_samples<true>(c, plane, const_cast<Lanes*>(x), xs.data());
  std::fill_n(dxs.data(), dxs.size(), Real(0));
  std::fill_n(ws.data(), ws.size(), Real(0));
  std::fill_n(dws.data(), dws.size(), Real(0));
  if (dx) move_weights<true>(g, c, const_cast<Real*>(w), ws.data());
  for (int lane = 0; lane < lane_count; ++lane)
    for (const Entry *e = entries.begin(lane), *next = e; e != entries.end(lane); e = next) {
      while (next != entries.end(lane) && next->channel == e->channel) ++next;
      for (int ky = 0; ky < g.kernel_h; ++ky) {
        const long at = lane * sample + static_cast<long>(ky) * g.width * c.padded;
        const long weight = e->channel * filter + ky * row;
        row_passes({.begin = e,
                    .end = next,
                    .padded = c.padded,
                    .x = xs.data() + at,
                    .w = ws.data() + weight,
                    .dx = dx ? dxs.data() + at : nullptr,
                    .dw = dw ? dws.data() + weight : nullptr},
                   row);
      }
    }
  if (dw) move_weights<false>(g, c, dw, dws.data());
  if (dx) move_samples<false>(c, plane, dx, dxs.data());
  return true;
}

}  // namespace fovea
