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

// Of the ways that conv_pool_grads() leaves to others.
double dense_cost(ConvPass pass, const ConvGeometry& g) {
  const auto winograd = winograd_choice(pass, g);
  return winograd ? std::min(direct_cost(pass, g), winograd->cost) : direct_cost(pass, g);
}

}  // namespace

void conv_pool_grads(const ConvGeometry& g, const Lanes* x, const Real* w, const Lanes* dy,
                     const LaneInts* winners, Real*& dw, Lanes*& dx) {
  const long slots = static_cast<long>(g.out) * g.windows();
  if (g.dilation_h != 1 || g.dilation_w != 1 || !offsets_fit(g, slots)) return;
  const auto entries = static_cast<double>(count_entries(dy, winners, slots));
  if (dw && sparse_weight_cost(g, entries) < dense_cost(ConvPass::weight_grad, g))
    conv_sparse_weight_grad(g, x, dy, winners, std::exchange(dw, nullptr));
  const double pooled = pooled_input_cost(g), sparse = sparse_input_cost(g, entries);
  if (dx && std::min(pooled, sparse) < dense_cost(ConvPass::input_grad, g))
    (pooled < sparse ? conv_pool_input_grad : conv_sparse_input_grad)(g, w, dy, winners,
                                                                      std::exchange(dx, nullptr));
}

}  // namespace fovea
