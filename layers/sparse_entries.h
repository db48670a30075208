// The gradients that are not zero, sample by sample.
#pragma once

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
    for (int part = 0; part < lane_count; ++part)
      next[part / native_width][part % native_width] = part * capacity_;
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

}  // namespace fovea
