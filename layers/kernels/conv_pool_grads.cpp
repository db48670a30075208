#include "layers/kernels/conv_pool_grads.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "layers/kernels/conv_choice.h"

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

// Sparse entries count in 32 bits.
bool offsets_fit(const ConvGeometry& g, long slots) {
  const long frame_w = static_cast<long>(g.kernel_w + 2 * g.stride_w) * g.in + native_width;
  const long filters = (g.kernel_h + 2 * g.stride_h) * frame_w * g.out;
  const long input = static_cast<long>(g.in) * g.height * g.width;
  return std::max({slots * lane_count, filters, input}) < std::numeric_limits<std::int32_t>::max();
}

// What each way costs a tile, in cycles. The constants were fitted on a Zen 3 (AVX2), at shares of
// entries from 0.1 to 1, for the layers of the tutorial network and for 3 x 16 channels.
class Costs {
 public:
  Costs(const ConvGeometry& g, long slots, long entries)
      : g_(g),
        lists_(2.7 * static_cast<double>(slots) * lane_count),
        elements_(static_cast<double>(g.in) * g.height * g.width * lane_count),
        windows_(g.windows()),
        entries_(static_cast<double>(entries)) {}

  // Multiply-adds at two a cycle, and what the kernels reach of it.
  double dense_weight_grad() const { return dense(ConvPass::weight_grad, 0.8); }
  double dense_input_grad() const { return dense(ConvPass::input_grad, 0.7); }
  double pooled_input_grad() const { return vectors(1.3 * patch_rows() * patch_columns()); }

  double sparse_weight_grad() const {
    const double patch = g_.kernel_h * row_vectors(g_.kernel_w);
    const double visits = (1 + patch / register_count) * g_.out * lane_count;
    return lists_ + 0.6 * elements_ + 20 * visits + patch * entries_;
  }
  double sparse_input_grad() const {
    const double patch = patch_rows() * row_vectors(patch_columns());
    const double visits = (1 + patch / register_count) * windows_ * lane_count;
    return lists_ + 1.2 * elements_ + 22 * visits + patch * entries_;
  }

 private:
  int patch_rows() const { return g_.kernel_h + g_.stride_h; }
  int patch_columns() const { return g_.kernel_w + g_.stride_w; }
  double row_vectors(int positions) const {
    return static_cast<double>((positions * g_.in + native_width - 1) / native_width);
  }
  double dense(ConvPass pass, double share) const {
    const double direct = vectors(4.0 * g_.kernel_h * g_.kernel_w) / 2 / share;
    const auto winograd = winograd_choice(pass, g_);
    return winograd ? std::min(direct, winograd->cost) : direct;
  }
  // Of all windows and channels, at so many elements each.
  double vectors(double elements) const {
    return elements * windows_ * g_.in * g_.out * natives_a_lanes;
  }

  const ConvGeometry& g_;
  double lists_, elements_, windows_, entries_;
};

}  // namespace

void conv_pool_grads(const ConvGeometry& g, const Lanes* x, const Real* w, const Lanes* dy,
                     const LaneInts* winners, Real*& dw, Lanes*& dx) {
  const long slots = static_cast<long>(g.out) * g.windows();
  if (g.dilation_h != 1 || g.dilation_w != 1 || !offsets_fit(g, slots)) return;
  const Costs costs(g, slots, count_entries(dy, winners, slots));
  if (dw && costs.sparse_weight_grad() < costs.dense_weight_grad())
    conv_sparse_weight_grad(g, x, dy, winners, std::exchange(dw, nullptr));
  const double pooled = costs.pooled_input_grad(), sparse = costs.sparse_input_grad();
  if (dx && std::min(pooled, sparse) < costs.dense_input_grad())
    (pooled < sparse ? conv_pool_input_grad : conv_sparse_input_grad)(g, w, dy, winners,
                                                                      std::exchange(dx, nullptr));
}

}  // namespace fovea
