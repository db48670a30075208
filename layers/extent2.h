// Sizes in two directions, and how many windows fit into one.
#pragma once

namespace fovea {

/// Height and width; one number means both.
struct Extent2 {
  int h, w;
  constexpr Extent2(int both) : h(both), w(both) {}
  constexpr Extent2(int height, int width) : h(height), w(width) {}
  bool operator==(const Extent2&) const = default;
};

/// The elements that a window of `kernel` elements, `dilation` apart, reaches over.
constexpr long window_reach(int kernel, int dilation) {
  return static_cast<long>(dilation) * (kernel - 1) + 1;
}

/// How many places a window of `kernel` elements, `dilation` apart, finds on `extent` elements with
/// `padding` more at both ends when it moves by `stride`: the output size of convolution and
/// pooling. `kernel`, `stride` and `dilation` are positive; 0 or less where it does not fit. Sizes
/// may be anything that an int holds. With `ceil_mode` the last window may reach beyond the end, if
/// it begins before it or in the padding in front.
constexpr int window_count(int extent, int kernel, int stride = 1, int padding = 0,
                           int dilation = 1, bool ceil_mode = false) {
  const long room =
      extent + 2L * padding - window_reach(kernel, dilation) + (ceil_mode ? stride - 1L : 0);
  if (room < 0) return 0;
  const long last = room / stride;
  const bool outside = ceil_mode && last * stride >= static_cast<long>(extent) + padding;
  return static_cast<int>(outside ? last : last + 1);
}

}  // namespace fovea
