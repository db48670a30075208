// The gradients that are not zero, sample by sample, and what is done with them.
#pragma once

#include <algorithm>
#include <span>

#include "core/memory.h"
#include "core/native.h"

namespace fovea {

/// A gradient that is not zero, and where its patch begins.
struct SparseEntry {
  RealInt offset;
  Real value;
};

/// One place of a gradient that may hold an entry, for the samples of a native part of the lanes.
struct SparseSlot {
  NativeInts offset;
  Native value;
  NativeInts counts;  // -1 where there is an entry, or 0
};

/// The entries of each sample, in segments.
class SparseEntries {
 public:
  /// `slot(segment, i, part)` returns the slot `i` of a segment, in [0, slots).
  template <class Slot>
  SparseEntries(int segments, int slots, const Slot& slot)
      : capacity_(static_cast<RealInt>(segments) * slots + 1),
        entries_(static_cast<std::size_t>(capacity_) * lane_count),
        ends_(static_cast<std::size_t>(segments)) {
    NativeInts next[natives_a_lanes];
    for (int lane = 0; lane < lane_count; ++lane)
      next[lane / native_width][lane % native_width] = lane * capacity_;
    for (int segment = 0; segment < segments; ++segment) {
      for (int i = 0; i < slots; ++i)
#pragma GCC unroll 4
        for (int part = 0; part < lane_count; part += native_width) {
          const SparseSlot s = slot(segment, i, part);
          // Written always and counted if it matters: a branch would be a coin toss.
          alignas(native_bytes) SparseEntry written[native_width];
          interleave(s, written);
          NativeInts& at = next[part / native_width];
#pragma GCC unroll 16
          for (int lane = 0; lane < native_width; ++lane) entries_[at[lane]] = written[lane];
          at -= s.counts;
        }
      for (int part = 0; part < lane_count; part += native_width)
        native(ends_[segment], part) = next[part / native_width];
    }
  }

  std::span<const SparseEntry> of(int lane, int segment) const {
    const RealInt begin = segment ? ends_[segment - 1][lane] : lane * capacity_;
    return {&entries_[begin], static_cast<std::size_t>(ends_[segment][lane] - begin)};
  }

 private:
  // By way of memory, whole vectors in and pairs out: fewer instructions than taking vectors apart.
  static void interleave(const SparseSlot& s, SparseEntry* out) {
    const auto half = [&]<int... J>(auto first, std::integer_sequence<int, J...>)->NativeInts {
      return __builtin_shufflevector(s.offset, reinterpret_cast<NativeInts>(s.value),
                                     (first + J / 2 + J % 2 * native_width)...);
    };
    constexpr auto lanes = std::make_integer_sequence<int, native_width>();
    auto* const halves = reinterpret_cast<RealInt*>(out);
    native(halves) = half(std::integral_constant<int, 0>(), lanes);
    native(halves + native_width) = half(std::integral_constant<int, native_width / 2>(), lanes);
  }

  RealInt capacity_;
  Buffer<SparseEntry> entries_;
  Buffer<LaneInts> ends_;
};

/// Calls run(row, vector, rows, vectors) for pieces of a patch that fit the registers; the size of
/// a piece comes as two std::integral_constant. `row`: vectors in a row of the patch.
template <class Run>
void for_each_piece(int rows, int row, const Run& run) {
  constexpr int most_vectors = register_count >= 32 ? 24 : 12;
  for_each_block<4>(row, [&](int v, auto vectors) {
    for_each_block<std::min(8, most_vectors / vectors)>(
        rows, [&](int r, auto piece_rows) { run(r, v, piece_rows, vectors); });
  });
}

/// sum[r][v] += the values of all entries times the patches where they point; R rows of V vectors.
/// *_row: Reals from row to row.
template <int R, int V>
[[gnu::always_inline]] inline void add_patches(std::span<const SparseEntry> entries,
                                               const Real* patches, long patch_row, Real* sum,
                                               long sum_row) {
  Native acc[R][V];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) acc[r][v] = load_unaligned(sum + r * sum_row + v * native_width);
  for (const SparseEntry& e : entries) {
    const Native value = e.value - Native{};
    const Real* patch = patches + e.offset;
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r, patch += patch_row)
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v) acc[r][v] += value * load_unaligned(patch + v * native_width);
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) store_unaligned(sum + r * sum_row + v * native_width, acc[r][v]);
}

}  // namespace fovea
