#include "layers/conv2d.h"

#include <algorithm>

#include "core/autograd.h"
#include "core/long_sum.h"
#include "layers/conv_weights.h"
#include "layers/init.h"
#include "layers/kernels/conv2d_kernels.h"
#include "layers/kernels/conv_choice.h"

namespace fovea {

namespace {

void check_options(const Conv2dOptions& o) {
  require(o.in > 0 && o.out > 0 && o.groups > 0,
          "[conv2d] channels and groups must be positive: in=", o.in, ", out=", o.out,
          ", groups=", o.groups);
  require(o.in % o.groups == 0 && o.out % o.groups == 0, "[conv2d] groups=", o.groups,
          " must divide in=", o.in, " and out=", o.out);
  require(
      std::min({o.kernel.h, o.kernel.w, o.stride.h, o.stride.w, o.dilation.h, o.dilation.w}) > 0 &&
          std::min(o.padding.h, o.padding.w) >= 0,
      "[conv2d] kernel, stride and dilation must be positive and padding not negative");
  require(static_cast<double>(o.in / o.groups) * o.out * o.kernel.h * o.kernel.w < 0x1p31,
          "[conv2d] a kernel of ", o.kernel.h, "x", o.kernel.w, " for in=", o.in,
          " and out=", o.out, " has more than 2^31 weights");
}

// Pointers to the parts of the operands that belong to group `i`.
struct Group {
  long x, w, y;  // in elements
  int first_out;
  Group(const ConvGeometry& g, int i)
      : x(static_cast<long>(i) * g.in * g.height * g.width),
        w(static_cast<long>(i) * g.out * g.taps()),
        y(static_cast<long>(i) * g.out * g.positions()),
        first_out(i * g.out) {}
};

void add_bias_grad(const Tensor& dy, int channels, Real* db) {
  const int positions = dy.size() / channels;
  for (int c = 0; c < channels; ++c) {
    const Lanes* of_channel = dy.lanes() + c * positions;
    db[c] += sum_lanes(blocked_sum<Lanes>(positions, [&](int i) { return of_channel[i]; }));
  }
}

}  // namespace

ConvGeometry conv2d_geometry(const Tensor& x, const Tensor& weight, const Tensor& bias,
                             const Conv2dOptions& o) {
  check_options(o);
  require(x.is_per_sample() && x.shape().rank() == 3 && x.shape()[0] == o.in,
          "[conv2d] input must be per-sample [", o.in, ", H, W], got ", x);
  const Shape expected{o.out, o.in / o.groups, o.kernel.h, o.kernel.w};
  require(!weight.is_per_sample() && weight.shape() == expected, "[conv2d] weight must be shared ",
          expected, ", got ", weight);
  require(!bias || (!bias.is_per_sample() && bias.shape() == Shape{o.out}),
          "[conv2d] bias must be shared [", o.out, "], got ", bias);
  const long height = x.shape()[1] + 2L * o.padding.h, width = x.shape()[2] + 2L * o.padding.w;
  require(
      static_cast<double>(o.in) * static_cast<double>(height) * static_cast<double>(width) < 0x1p31,
      "[conv2d] the input ", x.shape(), " with padding ", o.padding.h, "x", o.padding.w,
      " has more than 2^31 elements");
  const long reach_h = window_reach(o.kernel.h, o.dilation.h);
  const long reach_w = window_reach(o.kernel.w, o.dilation.w);
  require(height >= reach_h && width >= reach_w, "[conv2d] a kernel that reaches over ", reach_h,
          "x", reach_w, " does not fit the input ", x.shape(), " with padding ", o.padding.h, "x",
          o.padding.w,
          o.dilation == Extent2(1) ? "" : cat(" and dilation ", o.dilation.h, "x", o.dilation.w));
  ConvGeometry g{.in = o.in / o.groups,
                 .out = o.out / o.groups,
                 .height = static_cast<int>(height),
                 .width = static_cast<int>(width),
                 .kernel_h = o.kernel.h,
                 .kernel_w = o.kernel.w,
                 .stride_h = o.stride.h,
                 .stride_w = o.stride.w,
                 .dilation_h = o.dilation.h,
                 .dilation_w = o.dilation.w,
                 .out_h = 0,
                 .out_w = 0};
  g.out_h = window_count(x.shape()[1], o.kernel.h, o.stride.h, o.padding.h, o.dilation.h);
  g.out_w = window_count(x.shape()[2], o.kernel.w, o.stride.w, o.padding.w, o.dilation.w);
  return g;
}

Tensor padded(const Tensor& x, Extent2 p) {
  if (p == Extent2(0)) return x.detach();
  const int channels = x.shape()[0], height = x.shape()[1], width = x.shape()[2];
  const int wide = width + 2 * p.w, high = height + 2 * p.h;
  Tensor out = Tensor::zeros({channels, high, wide}, true);
  for (int c = 0; c < channels; ++c)
    for (int row = 0; row < height; ++row)
      std::copy_n(x.lanes() + (c * height + row) * width, width,
                  out.lanes() + (c * high + row + p.h) * wide + p.w);
  return out;
}

void add_unpadded(const Tensor& from, Extent2 p, const Tensor& x) {
  const int channels = x.shape()[0], height = x.shape()[1], width = x.shape()[2];
  const int wide = width + 2 * p.w, high = height + 2 * p.h;
  for (int c = 0; c < channels; ++c)
    for (int row = 0; row < height; ++row) {
      const Lanes* source = from.lanes() + (c * high + row + p.h) * wide + p.w;
      Lanes* target = x.lanes() + (c * height + row) * width;
      for (int i = 0; i < width; ++i) target[i] += source[i];
    }
}

namespace {

// What backward needs of the forward pass.
struct Kept {
  ConvGeometry g;
  Tensor x;  // padded
  ConvWeights weights;
  Conv2dOptions options;
};

void forward_group(const Kept& k, int group, const Real* bias, Real* y) {
  const Group part(k.g, group);
  const Real* x = k.x.data() + part.x * lane_count;
  if (const auto choice = winograd_choice(ConvPass::forward, k.g))
    winograd_forward(k.g, choice->form, x, k.weights.winograd(k.g, choice->form, group)->data(),
                     bias, y);
  else
    conv_forward(k.g, x, k.weights.data() + part.w, bias, y);
}

void add_weight_grad(const Kept& k, const Tensor& dy, Real* dw) {
  const auto choice = winograd_choice(ConvPass::weight_grad, k.g);
  for (int i = 0; i < k.options.groups; ++i) {
    const Group part(k.g, i);
    const Real *x = k.x.data() + part.x * lane_count, *d = dy.data() + part.y * lane_count;
    if (choice)
      winograd_weight_grad(k.g, choice->form, x, d, dw + part.w);
    else
      conv_weight_grad(k.g, x, d, k.g.positions(), 0, k.g.out_h, dw + part.w);
  }
}

void add_input_grad(const Kept& k, const Tensor& dy, const Tensor& dx) {
  const Extent2 padding = k.options.padding;
  const auto choice = winograd_choice(ConvPass::input_grad, k.g);
  // Winograd's leaves the padding out by itself.
  const bool direct_into = padding == Extent2(0) || choice;
  const Tensor target = direct_into ? dx : Tensor::zeros(k.x.shape(), true);
  for (int i = 0; i < k.options.groups; ++i) {
    const Group part(k.g, i);
    const Real* d = dy.data() + part.y * lane_count;
    Real* to = target.data() + static_cast<long>(i) * target.size() / k.options.groups * lane_count;
    if (choice)
      winograd_input_grad(k.g, choice->form, padding.h, padding.w,
                          k.weights.winograd(k.g, choice->form, i)->data(), d, to);
    else
      conv_input_grad(k.g, k.weights.data() + part.w, d, k.g.positions(), 0, k.g.out_h, to);
  }
  if (!direct_into) add_unpadded(target, padding, dx);
}

}  // namespace

Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& o) {
  const ConvGeometry g = conv2d_geometry(x, weight, bias, o);
  Kept kept{g, padded(x, o.padding), ConvWeights(weight), o};
  Tensor y = Tensor::per_sample({o.out, g.out_h, g.out_w});
  for (int i = 0; i < o.groups; ++i) {
    const Group part(g, i);
    forward_group(kept, i, bias ? bias.data() + part.first_out : nullptr,
                  y.data() + part.y * lane_count);
  }
  return record(
      "conv2d", y, {x, weight, bias},
      [kept = std::move(kept)](const Tensor& dy, GradSink& grad) {
        if (Tensor* dw = grad.wanted(1)) add_weight_grad(kept, dy, dw->data());
        if (Tensor* dx = grad.wanted(0)) add_input_grad(kept, dy, *dx);
        if (Tensor* db = grad.wanted(2)) add_bias_grad(dy, kept.options.out, db->data());
      },
      [&] {
        return Attributes{{"stride", {o.stride.h, o.stride.w}},
                          {"padding", {o.padding.h, o.padding.w}},
                          {"dilation", {o.dilation.h, o.dilation.w}},
                          {"groups", o.groups}};
      });
}

Conv2d::Conv2d(const Conv2dOptions& options, Random& rng) : options_(options) {
  check_options(options);
  weight_ = add_parameter("weight", Tensor::shared({options.out, options.in / options.groups,
                                                    options.kernel.h, options.kernel.w}));
  if (options.bias) bias_ = add_parameter("bias", Tensor::shared({options.out}));
  init_default(weight_, bias_, rng);
}

std::string Conv2d::describe() const {
  const auto pair = [](Extent2 e) { return cat("(", e.h, ", ", e.w, ")"); };
  const Conv2dOptions& o = options_;
  std::string text = cat("Conv2d(", o.in, ", ", o.out, ", kernel_size=", pair(o.kernel));
  text += cat(", stride=", pair(o.stride));
  if (o.padding != Extent2(0)) text += cat(", padding=", pair(o.padding));
  if (o.dilation != Extent2(1)) text += cat(", dilation=", pair(o.dilation));
  if (o.groups != 1) text += cat(", groups=", o.groups);
  return text + (o.bias ? ")" : ", bias=False)");
}

}  // namespace fovea
