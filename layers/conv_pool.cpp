#include "layers/conv_pool.h"

#include <algorithm>
#include <typeinfo>

#include "core/autograd.h"
#include "core/long_sum.h"
#include "core/memory.h"
#include "core/native.h"
#include "core/trace.h"
#include "layers/activations.h"
#include "layers/conv_weights.h"
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
  Tensor x;  // padded
  ConvWeights weights;
  Buffer<LaneInts> winners;
};

void forward(const Kept& k, const Real* bias, Real* y) {
  auto* winners = reinterpret_cast<RealInt*>(k.winners.data());
  if (const auto choice = winograd_choice(ConvPass::forward, pooled_part(k.g)))
    winograd_pool_forward(k.g, choice->form, k.x.data(),
                          k.weights.winograd(k.g, choice->form)->data(), bias, y, winners);
  else
    conv_pool_forward(k.g, k.x.data(), k.weights.data(), bias, y, winners);
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

void add_dense_grads(const Kept& k, const Tensor& dy, Real* dw, Real* dx) {
  const int pooled_h = k.g.out_h / 2, pooled_w = k.g.out_w / 2;
  const ConvGeometry g = pooled_part(k.g);
  const auto of_weights = winograd_choice(ConvPass::weight_grad, g);
  const auto of_input = winograd_choice(ConvPass::input_grad, g);
  const bool whole = (dw && of_weights) || (dx && of_input);  // tiles take the map as it is
  const long row_bytes = static_cast<long>(g.out) * g.out_w * sizeof(Lanes);
  const int band =
      whole ? pooled_h : std::clamp(static_cast<int>(band_bytes / (2 * row_bytes)), 1, pooled_h);
  const Buffer<Lanes> unpooled(static_cast<std::size_t>(g.out) * 2 * band * g.out_w);
  for (int first = 0; first < pooled_h; first += band) {
    const int count = std::min(band, pooled_h - first), plane = 2 * count * g.out_w;
    for (int o = 0; o < g.out; ++o)
      for (int py = 0; py < count; ++py) {
        const long i = (static_cast<long>(o) * pooled_h + first + py) * pooled_w;
        unpool_row(&dy[i], &k.winners[i], pooled_w, unpooled.data() + o * plane + 2 * py * g.out_w);
      }
    const Real* d = reinterpret_cast<const Real*>(unpooled.data());
    if (dw && of_weights)
      winograd_weight_grad(g, of_weights->form, k.x.data(), d, dw);
    else if (dw)
      conv_weight_grad(g, k.x.data(), d, plane, 2 * first, 2 * count, dw);
    if (dx && of_input)
      winograd_input_grad(g, of_input->form, 0, 0, k.weights.winograd(g, of_input->form)->data(), d,
                          dx);
    else if (dx)
      conv_input_grad(g, k.weights.data(), d, plane, 2 * first, 2 * count, dx);
  }
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
  Kept kept{g, padded(x, conv.padding), ConvWeights(weight), {}};
  Tensor y = Tensor::per_sample({g.out, g.out_h / 2, g.out_w / 2});
  if (grad_wanted({x, weight, bias})) kept.winners = Buffer<LaneInts>(y.size());
  forward(kept, bias ? bias.data() : nullptr, y.data());
  return record("conv_pool_relu", y, {x, weight, bias},
                [kept = std::move(kept), padding = conv.padding](const Tensor& dy, GradSink& grad) {
                  Tensor* dx = grad.wanted(0);
                  Tensor* dw = grad.wanted(1);
                  const bool pads = padding != Extent2(0);
                  const Tensor dx_padded =
                      dx && pads ? Tensor::zeros(kept.x.shape(), true) : Tensor();
                  Lanes* dx_left = !dx ? nullptr : pads ? dx_padded.lanes() : dx->lanes();
                  Real* dw_left = dw ? dw->data() : nullptr;
                  conv_pool_grads(kept.g, kept.x.lanes(), kept.weights.data(), dy.lanes(),
                                  kept.winners.data(), dw_left, dx_left);
                  if (dw_left || dx_left)
                    add_dense_grads(kept, dy, dw_left, reinterpret_cast<Real*>(dx_left));
                  if (dx && pads) add_unpadded(dx_padded, padding, *dx);
                  if (Tensor* db = grad.wanted(2)) add_bias_grad(kept, dy, db->data());
                });
}

Fused Conv2d::fuse(std::span<const Module* const> followers) const {
  // These very layers: one derived from them may compute something else.
  const auto is = [](const Module& module, const std::type_info& type) {
    return typeid(module) == type;
  };
  if (followers.size() < 2 || !is(*this, typeid(Conv2d)) || !is(*followers[0], typeid(MaxPool2d)) ||
      !is(*followers[1], typeid(ReLU)))
    return {};
  const auto* pool = static_cast<const MaxPool2d*>(followers[0]);
  if (!fuses(options_, pool->options())) return {};
  return {2, [this, pool](const Tensor& x) {
            return conv_pool_relu(x, weight_, bias_, options_, pool->options());
          }};
}

}  // namespace fovea
