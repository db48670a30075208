#include "layers/conv_pool.h"

#include <algorithm>
#include <typeinfo>
#include <utility>

#include "core/autograd.h"
#include "core/long_sum.h"
#include "core/memory.h"
#include "core/native.h"
#include "core/trace.h"
#include "layers/activations.h"
#include "layers/conv_operands.h"
#include "layers/kernels/conv_choice.h"
#include "layers/kernels/conv_pool_grads.h"

namespace fovea {

namespace {

// The gradient of the convolution's output is built in bands of rows that stay in the L2 cache.
constexpr long band_bytes = 192 * 1024;

// The rest is dropped.
ConvGeometry pooled_part(ConvGeometry g) {
  g.out_h = g.out_h / 2 * 2, g.out_w = g.out_w / 2 * 2;
  return g;
}

// The one place that decides.
bool fuses(const Conv2dOptions& conv, const MaxPool2dOptions& pool) {
  return conv.groups == 1 && pool.kernel == Extent2(2) && pool.padding == Extent2(0) &&
         pool.dilation == Extent2(1) && !pool.ceil_mode &&
         (pool.stride == Extent2(0) || pool.stride == Extent2(2));
}

// One pooled row of one channel back to two rows of the convolution's output.
void unpool_row(const Lanes* dy, const LaneInts* winners, int pooled_w, Lanes* rows) {
  for (int i = 0; i < pooled_w; ++i)
    for (int part = 0; part < lane_count; part += native_width) {
      const Native value = native(dy[i], part);
      const NativeInts winner = native(winners[i], part);
#pragma GCC unroll 4
      for (int p = 0; p < 4; ++p)
        native(rows[(p / 2 * pooled_w + i) * 2 + p % 2], part) = winner == p ? value : Native{};
    }
}

// What backward needs of the forward pass.
struct Kept {
  ConvGeometry g;
  ConvInput x;
  ConvWeights weights;
  Buffer<LaneInts> winners;
};

void forward(const Kept& k, const Real* bias, Real* y) {
  auto* winners = reinterpret_cast<RealInt*>(k.winners.data());
  if (const auto choice = winograd_choice(ConvPass::forward, pooled_part(k.g), winners))
    winograd_pool_forward({k.g, k.x.padding(), choice->form}, k.x.plain().data(),
                          k.weights.winograd(k.g, choice->form)->data(), bias, y, winners);
  else
    conv_pool_forward(k.g, k.x.padded().data(), k.weights.data(), bias, y, winners);
}

void add_bias_grad(const Kept& k, const Tensor& dy, Real* db) {
  const int outputs = dy.size() / k.g.out;
  for (int o = 0; o < k.g.out; ++o) {
    Lanes sum{};
    for (int part = 0; part < lane_count; part += native_width) {
      native(sum, part) = blocked_sum<Native>(outputs, [&](int j) -> Native {
        const int i = o * outputs + j;
        const Native value = native(dy[i], part);
        return native(k.winners[i], part) != dead_window ? value : Native{};
      });
    }
    db[o] += sum_lanes(sum);
  }
}

// By the direct kernels of the convolution; dx is padded, and either may be null.
void add_direct_grads(const Kept& k, const Tensor& dy, Real* dw, Real* dx) {
  if (!dw && !dx) return;
  const int pooled_h = k.g.out_h / 2, pooled_w = k.g.out_w / 2;
  const ConvGeometry g = pooled_part(k.g);
  const long row_bytes = static_cast<long>(g.out) * g.out_w * sizeof(Lanes);
  const int band = std::clamp(static_cast<int>(band_bytes / (2 * row_bytes)), 1, pooled_h);
  const Buffer<Lanes> unpooled(static_cast<std::size_t>(g.out) * 2 * band * g.out_w);
  for (int first = 0; first < pooled_h; first += band) {
    const int count = std::min(band, pooled_h - first), plane = 2 * count * g.out_w;
    for (int o = 0; o < g.out; ++o)
      for (int py = 0; py < count; ++py) {
        const long i = (static_cast<long>(o) * pooled_h + first + py) * pooled_w;
        unpool_row(&dy[i], &k.winners[i], pooled_w, unpooled.data() + o * plane + 2 * py * g.out_w);
      }
    const Real* d = reinterpret_cast<const Real*>(unpooled.data());
    if (dw) conv_weight_grad(g, k.x.padded().data(), d, plane, 2 * first, 2 * count, dw);
    if (dx) conv_input_grad(g, k.weights.data(), d, plane, 2 * first, 2 * count, dx);
  }
}

// Either may be left out.
void add_grads(const Kept& k, const Tensor& dy, Real* dw, const Tensor* dx) {
  const LaneInts* winners = k.winners.data();
  const PooledGradWays ways = pooled_grad_ways(k.g, dy.lanes(), winners, dw, dx);
  if (ways.sparse_weights)
    conv_sparse_weight_grad(k.g, k.x.padded().lanes(), dy.lanes(), winners,
                            std::exchange(dw, nullptr));
  const ConvGeometry g = pooled_part(k.g);
  const WinogradGrads winograd =
      winograd_grads_choice(g, dw, dx && ways.input == PooledGradWays::dense);
  const PooledGradient d{dy.data(), reinterpret_cast<const RealInt*>(winners), g.out, g.out_h / 2,
                         g.out_w / 2};
  winograd.for_each_form([&](const WinogradForm& form, bool weights, bool input) {
    winograd_grads({g, k.x.padding(), form}, d, k.x.plain().data(), weights ? dw : nullptr,
                   input ? k.weights.winograd(g, form)->data() : nullptr,
                   input ? dx->data() : nullptr);
  });
  if (winograd.of_weights) dw = nullptr;
  if (!dx || winograd.of_input) return add_direct_grads(k, dy, dw, nullptr);

  const bool pads = k.x.padding() != Extent2(0);
  const Tensor to = pads ? k.x.padded_zeros() : *dx;
  if (ways.input == PooledGradWays::pooled)
    conv_pool_input_grad(k.g, k.weights.data(), dy.lanes(), winners, to.lanes());
  else if (ways.input == PooledGradWays::sparse)
    conv_sparse_input_grad(k.g, k.weights.data(), dy.lanes(), winners, to.lanes());
  add_direct_grads(k, dy, dw, ways.input == PooledGradWays::dense ? to.data() : nullptr);
  if (pads) add_unpadded(to, k.x.padding(), *dx);
}

}  // namespace

Tensor conv_pool_relu(const Tensor& x, const Tensor& weight, const Tensor& bias,
                      const Conv2dOptions& conv, const MaxPool2dOptions& pool) {
  // A trace shows the three operations, so that exporters need not know this one.
  if (!fuses(conv, pool) || tracing()) return relu(max_pool2d(conv2d(x, weight, bias, conv), pool));
  const ConvGeometry g = conv2d_geometry(x, weight, bias, conv);
  if (has_long_sums(g)) return relu(max_pool2d(conv2d(x, weight, bias, conv), pool));
  require(g.out_h >= 2 && g.out_w >= 2, "[conv_pool_relu] a 2x2 window does not fit the output ",
          g.out_h, "x", g.out_w, " of the convolution");
  Kept kept{g, ConvInput(x, conv.padding), ConvWeights(weight), {}};
  Tensor y = Tensor::per_sample({g.out, g.out_h / 2, g.out_w / 2});
  if (grad_wanted({x, weight, bias})) kept.winners = Buffer<LaneInts>(y.size());
  forward(kept, bias ? bias.data() : nullptr, y.data());
  return record("conv_pool_relu", y, {x, weight, bias},
                [kept = std::move(kept)](const Tensor& dy, GradSink& grad) {
                  Tensor* dw = grad.wanted(1);
                  add_grads(kept, dy, dw ? dw->data() : nullptr, grad.wanted(0));
                  if (Tensor* db = grad.wanted(2)) add_bias_grad(kept, dy, db->data());
                });
}

Fused Conv2d::fuse(std::span<const Module* const> followers) const {
  // These very layers: one derived from them may compute something else.
  const auto is = [](const Module& module, const std::type_info& type) {
    return typeid(module) == type;
  };
  if (!is(*this, typeid(Conv2d))) return {};
  if (!followers.empty() && is(*followers[0], typeid(ReLU)))
    return {1, [this](const Tensor& x) { return conv_relu(x, weight_, bias_, options_); }};
  if (followers.size() < 2 || !is(*followers[0], typeid(MaxPool2d)) ||
      !is(*followers[1], typeid(ReLU)))
    return {};
  const auto* pool = static_cast<const MaxPool2d*>(followers[0]);
  if (!fuses(options_, pool->options())) return {};
  return {2, [this, pool](const Tensor& x) {
            return conv_pool_relu(x, weight_, bias_, options_, pool->options());
          }};
}

}  // namespace fovea
