#include "layers/conv_sparse.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "core/memory.h"

namespace fovea {

namespace {

// Channels last and padded to whole vectors, so that a row of a patch is one run of memory.
struct ChannelsLast {
  int channels, padded;
  explicit ChannelsLast(int n)
      : channels(n), padded((n + native_width - 1) / native_width * native_width) {}
};

// A gradient that is not zero.
struct Entry {
  RealInt offset;  // in a sample of x, channels last: its first tap
  Real value;
};

// The entries of each sample, channel by channel.
class Entries {
 public:
  Entries(const ConvGeometry& g, int padded_channels, const Lanes* dy, const LaneInts* winners)
      : channels_(g.out),
        capacity_(static_cast<long>(g.out) * (g.out_h / 2) * (g.out_w / 2)),
        entries_(capacity_ * lane_count),
        ends_(static_cast<std::size_t>(lane_count) * g.out) {
    Entry* at[lane_count];
    for (int lane = 0; lane < lane_count; ++lane) at[lane] = &entries_[lane * capacity_];
    const RealInt right = g.position_offset(0, 1) * padded_channels;
    const RealInt below = g.position_offset(1, 0) * padded_channels;
    for (int o = 0; o < g.out; ++o) {
      for (int py = 0; py < g.out_h / 2; ++py)
        for (int px = 0; px < g.out_w / 2; ++px, ++dy, ++winners) {
          const LaneInts winner = *winners;
          const RealInt corner = g.position_offset(2 * py, 2 * px) * padded_channels;
          const LaneInts offset = corner + (winner & 1) * right + (winner >> 1) * below;
          const LaneInts counts = (winner != dead_window) & (*dy != 0);  // -1 or 0
          for (int lane = 0; lane < lane_count; ++lane) {
            // Written always and counted if it matters: a branch would be a coin toss.
            *at[lane] = {offset[lane], (*dy)[lane]};
            at[lane] -= counts[lane];
          }
        }
      for (int lane = 0; lane < lane_count; ++lane) ends_[lane * channels_ + o] = at[lane];
    }
    for (int lane = 0; lane < lane_count; ++lane) total_ += at[lane] - &entries_[lane * capacity_];
  }

  std::span<const Entry> of(int lane, int channel) const {
    const Entry* begin =
        channel ? ends_[lane * channels_ + channel - 1] : &entries_[lane * capacity_];
    return {begin, static_cast<std::size_t>(ends_[lane * channels_ + channel] - begin)};
  }
  long total() const { return total_; }

 private:
  int channels_;
  long capacity_, total_ = 0;
  Buffer<Entry> entries_;
  Buffer<Entry*> ends_;
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
          return native(lanes[static_cast<long>(first + i) * positions + p], part);
        };
        if constexpr (to_samples) {
#pragma GCC unroll 16
          for (int i = 0; i < native_width; ++i) v[i] = i < count ? lane(i) : Native{};
          transpose(v);
#pragma GCC unroll 16
          for (int i = 0; i < native_width; ++i) native(at + i * sample) = v[i];
        } else {
#pragma GCC unroll 16
          for (int i = 0; i < native_width; ++i) v[i] = native(at + i * sample);
          transpose(v);
#pragma GCC unroll 16
          for (int i = 0; i < native_width; ++i)
            if (i < count) lane(i) += v[i];
        }
      }
    }
}

// A filter over one sample of x, or their gradients; channels last, `row` vectors in a filter's
// row.
struct Patch {
  Real* filter;
  Real* sample;
  long sample_row;  // Reals from one row of the sample to the next
  int row;
};

// R rows of V vectors of a patch. Through all entries of a channel the gradient of the filter stays
// in registers: a loop over the entries for each row would mispredict its end as often.
template <int R, int V>
void add_filter_grad(const Patch& p, std::span<const Entry> entries) {
  Native dw[R][V];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) dw[r][v] = native(p.filter + (r * p.row + v) * native_width);
  for (const Entry& e : entries) {
    const Native value = e.value - Native{};
    const Real* x = p.sample + e.offset;
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v)
        dw[r][v] += value * native(x + r * p.sample_row + v * native_width);
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) native(p.filter + (r * p.row + v) * native_width) = dw[r][v];
}

template <int R, int V>
void add_sample_grad(const Patch& p, std::span<const Entry> entries) {
  Native w[R][V];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) w[r][v] = native(p.filter + (r * p.row + v) * native_width);
  Real* const sample = p.sample;
  const long sample_row = p.sample_row;
  for (const Entry& e : entries) {
    const Native value = e.value - Native{};
    Real* dx = sample + e.offset;
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r, dx += sample_row)
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v) native(dx + v * native_width) += value * w[r][v];
  }
}

// What a vector of an entry costs, and of a sample turned channels last, in multiply-adds of the
// dense kernel for dx; measured.
constexpr double weight_vector = 1.6, weight_turn = 20, weight_dense = 1.2;
constexpr double input_vector = 2.8, input_turn = 25;

constexpr int most = 5;  // rows, and vectors of a row
constexpr int most_vectors = register_count >= 32 ? 25 : 12;

using PatchPass = void (*)(const Patch&, std::span<const Entry>);

template <bool of_filter, int R, int V>
constexpr PatchPass patch_pass() {
  if constexpr (R * V > most_vectors)
    return nullptr;
  else
    return of_filter ? add_filter_grad<R, V> : add_sample_grad<R, V>;
}
template <bool of_filter, int... N>
constexpr auto patch_table(std::integer_sequence<int, N...>) {
  return std::array<PatchPass, sizeof...(N)>{
      patch_pass<of_filter, N / most + 1, N % most + 1>()...};
}
template <bool of_filter>
constexpr auto patch_passes =
    patch_table<of_filter>(std::make_integer_sequence<int, most * most>());

// The whole patch: `rows` rows, in pieces that fit the registers.
template <bool of_filter>
void add_patches(const Patch& patch, int rows, std::span<const Entry> entries) {
  for (int v = 0; v < patch.row;) {
    const int vectors = std::min(most, patch.row - v);
    for (int r = 0; r < rows;) {
      const int count = std::min({most, rows - r, most_vectors / vectors});
      Patch piece = patch;
      piece.filter += (r * patch.row + v) * native_width;
      piece.sample += r * patch.sample_row + v * native_width;
      patch_passes<of_filter>[(count - 1) * most + vectors - 1](piece, entries);
      r += count;
    }
    v += vectors;
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

void conv_pool_sparse_grads(const ConvGeometry& g, const Lanes* x, const Real* w, const Lanes* dy,
                            const LaneInts* winners, Real*& wanted_dw, Lanes*& wanted_dx) {
  if (g.dilation_h != 1 || g.dilation_w != 1 || g.in < native_width / 2) return;
  const ChannelsLast c(g.in);
  const Entries entries(g, c.padded, dy, winners);
  const int plane = g.height * g.width, row = g.kernel_w * c.padded / native_width;
  const double vectors = static_cast<double>(entries.total()) * g.kernel_h * row;
  const double turns = static_cast<double>(plane) * c.padded * lane_count / native_width;
  const double dense = static_cast<double>(g.out) * g.positions() * g.taps() * natives_a_lanes;
  const bool dw_pays = weight_vector * vectors + weight_turn * turns < weight_dense * dense;
  const bool dx_pays = input_vector * vectors + input_turn * turns < dense;
  Real* const dw = dw_pays ? std::exchange(wanted_dw, nullptr) : nullptr;
  Lanes* const dx = dx_pays ? std::exchange(wanted_dx, nullptr) : nullptr;
  if (!dw && !dx) return;

  const long sample = static_cast<long>(plane) * c.padded;
  const long filter = static_cast<long>(g.kernel_h) * row * native_width;
  Buffer<Real> xs(dw ? sample * lane_count : 0), dxs(dx ? sample * lane_count : 0);
  Buffer<Real> ws(dx ? filter * g.out : 0), dws(dw ? filter * g.out : 0);
  if (dw) move_samples<true>(c, plane, const_cast<Lanes*>(x), xs.data());
  std::fill_n(dxs.data(), dxs.size(), Real(0));
  std::fill_n(ws.data(), ws.size(), Real(0));
  std::fill_n(dws.data(), dws.size(), Real(0));
  if (dx) move_weights<true>(g, c, const_cast<Real*>(w), ws.data());
  const long sample_row = static_cast<long>(g.width) * c.padded;
  // One after the other: the filters and the samples of one, but not of both, fit the L1 cache.
  const auto for_each_part = [&](auto add) {
    for (int lane = 0; lane < lane_count; ++lane)
      for (int o = 0; o < g.out; ++o)
        if (const std::span<const Entry> part = entries.of(lane, o); !part.empty())
          add(lane * sample, o * filter, part);
  };
  if (dw)
    for_each_part([&](long at, long weight, std::span<const Entry> part) {
      add_patches<true>({dws.data() + weight, xs.data() + at, sample_row, row}, g.kernel_h, part);
    });
  if (dx)
    for_each_part([&](long at, long weight, std::span<const Entry> part) {
      add_patches<false>({ws.data() + weight, dxs.data() + at, sample_row, row}, g.kernel_h, part);
    });
  if (dw) move_weights<false>(g, c, dw, dws.data());
  if (dx) move_samples<false>(c, plane, dx, dxs.data());
}

}  // namespace fovea
