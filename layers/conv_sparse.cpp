#include "layers/conv_sparse.h"

#include <limits>
#include <utility>

namespace fovea {

namespace {

long count_entries(const Lanes* dy, const LaneInts* winners, long slots) {
  long count = 0;
  for (int part = 0; part < lane_count; part += native_width) {
    NativeInts sum{};
    for (long i = 0; i < slots; ++i)
      sum += (native(winners[i], part) != dead_window) & (native(dy[i], part) != 0);  // -1 or 0
    for (int lane = 0; lane < native_width; ++lane) count -= sum[lane];
  }
  return count;
}

// What both ways cost a tile, in cycles. The constants were fitted to both on a Zen 3 (AVX2), at
// shares of entries from 0.1 to 1, for the layers of the tutorial network and for 3 x 16 channels.
struct Costs {
  double slots, elements, windows, dense, entries;

  Costs(const ConvGeometry& g, long slot_count, long entry_count)
      : slots(2.7 * static_cast<double>(slot_count) * lane_count),
        elements(static_cast<double>(g.in) * g.height * g.width * lane_count),
        windows(static_cast<double>(g.out_h / 2) * (g.out_w / 2) * lane_count),
        dense(4.0 * static_cast<double>(slot_count) * g.taps() * natives_a_lanes / 2),
        entries(static_cast<double>(entry_count)) {}

  static double vectors(int positions, const ConvGeometry& g) {
    return static_cast<double>((positions * g.in + native_width - 1) / native_width);
  }

  bool weight_grad_pays(const ConvGeometry& g) const {
    const double patch = g.kernel_h * vectors(g.kernel_w, g);
    const double visits = (1 + patch / register_count) * g.out * lane_count;
    return slots + 0.6 * elements + 20 * visits + patch * entries < dense / 0.8;
  }

  bool input_grad_pays(const ConvGeometry& g) const {
    const double patch = (g.kernel_h + g.stride_h) * vectors(g.kernel_w + g.stride_w, g);
    const double visits = (1 + patch / register_count) * windows;
    return slots + 1.2 * elements + 22 * visits + patch * entries < dense / 0.7;
  }
};

}  // namespace

void conv_pool_sparse_grads(const ConvGeometry& g, const Lanes* x, const Real* w, const Lanes* dy,
                            const LaneInts* winners, Real*& dw, Lanes*& dx) {
  const long slots = static_cast<long>(g.out) * (g.out_h / 2) * (g.out_w / 2);
  const long elements = static_cast<long>(g.in) * g.height * g.width;
  constexpr long most = std::numeric_limits<std::int32_t>::max() / lane_count;
  if (g.dilation_h != 1 || g.dilation_w != 1 || slots >= most || elements >= most) return;
  const Costs costs(g, slots, count_entries(dy, winners, slots));
  if (dw && costs.weight_grad_pays(g))
    conv_sparse_weight_grad(g, x, dy, winners, std::exchange(dw, nullptr));
  if (dx && costs.input_grad_pays(g))
    conv_sparse_input_grad(g, w, dy, winners, std::exchange(dx, nullptr));
}

}  // namespace fovea
