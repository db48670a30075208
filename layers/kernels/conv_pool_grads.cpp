#include "layers/kernels/conv_pool_grads.h"

#include <algorithm>
#include <limits>

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

// Of the better of the ways that do not know of pooling.
double dense_cost(ConvPass pass, const ConvGeometry& g) {
  const auto winograd = winograd_choice(pass, g);
  return winograd ? std::min(direct_cost(pass, g), winograd->cost) : direct_cost(pass, g);
}

}  // namespace

PooledGradWays pooled_grad_ways(const ConvGeometry& g, const Lanes* dy, const LaneInts* winners,
                                bool of_weights, bool of_input) {
  PooledGradWays ways;
  const long slots = static_cast<long>(g.out) * g.windows();
  if (g.dilation_h != 1 || g.dilation_w != 1 || !offsets_fit(g, slots)) return ways;
  const auto entries = static_cast<double>(count_entries(dy, winners, slots));
  ways.sparse_weights =
      of_weights && sparse_weight_cost(g, entries) < dense_cost(ConvPass::weight_grad, g);
  const double pooled = pooled_input_cost(g), sparse = sparse_input_cost(g, entries);
  if (of_input && std::min(pooled, sparse) < dense_cost(ConvPass::input_grad, g))
    ways.input = pooled < sparse ? PooledGradWays::pooled : PooledGradWays::sparse;
  return ways;
}

}  // namespace fovea
