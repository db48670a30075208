#include "layers/conv2d.h"

#include <algorithm>

#include "core/autograd.h"
#include "core/long_sum.h"
#include "core/native.h"
#include "core/trace.h"
#include "layers/activations.h"
#include "layers/conv_operands.h"
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
  require(static_cast<double>(o.in) / o.groups * o.out * o.kernel.h * o.kernel.w < 0x1p31,
          "[conv2d] a kernel of ", o.kernel.h, "x", o.kernel.w, " for in=", o.in,
          " and out=", o.out, " has more than 2^31 weights");
}

// What a ReLU whose output was `y` lets through of `dy`.
Lanes rectified_at(const Tensor& y, const Tensor& dy, int i) {
  // A lambda: without optimisation a function that is always inlined cannot be called by its
  // address.
  return map_natives([](const Native& v, const Native& d) { return rectified_grad(v, d); }, y[i],
                     dy[i]);
}
Tensor rectified_gradient(const Tensor& y, const Tensor& dy) {
  Tensor out = Tensor::like(dy);
  for (int i = 0; i < dy.size(); ++i) out[i] = rectified_at(y, dy, i);
  return out;
}

// `rectified`: the output of a ReLU behind it, or none.
void add_bias_grad(const Tensor& dy, const Tensor& rectified, int channels, Real* db) {
  const int positions = dy.size() / channels;
  for (int c = 0; c < channels; ++c) {
    const int first = c * positions;
    db[c] += sum_lanes(blocked_sum<Lanes>(positions, [&](int i) -> Lanes {
      return rectified ? rectified_at(rectified, dy, first + i) : dy[first + i];
    }));
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

namespace {

// What backward needs of the forward pass.
struct Kept {
  ConvGeometry g;
  ConvInput x;
  ConvWeights weights;
  Conv2dOptions options;
  Tensor rectified;  // the output of a ReLU behind it, or none
};

// Group `i` of a tensor whose channels are divided among the groups.
Real* of_group(const Tensor& t, int i, int groups) {
  return t.data() + static_cast<long>(i) * (t.size() / groups) * lane_count;
}

void forward_group(const Kept& k, int i, bool trained, const Real* bias, bool relu, Real* y) {
  const int groups = k.options.groups;
  if (const auto choice = winograd_choice(ConvPass::forward, k.g, trained))
    winograd_forward({k.g, k.x.padding(), choice->form}, of_group(k.x.plain(), i, groups),
                     k.weights.winograd(k.g, choice->form, i)->data(), bias, relu, y);
  else
    conv_forward(k.g, of_group(k.x.padded(), i, groups), k.weights.of_group(k.g, i), bias, relu, y);
}

// Either gradient may be left out.
void add_grads(const Kept& k, const Tensor& dy, Real* dw, const Tensor* dx) {
  const ConvGeometry& g = k.g;
  const int groups = k.options.groups;
  const WinogradGrads winograd = winograd_grads_choice(g, dw, dx);
  const bool direct_weights = dw && !winograd.of_weights, direct_input = dx && !winograd.of_input;
  const bool pads = k.x.padding() != Extent2(0);
  const Tensor padded = direct_input && pads ? k.x.padded_zeros() : Tensor();
  const bool behind_relu = bool(k.rectified), direct = direct_weights || direct_input;
  const Tensor through = behind_relu && direct ? rectified_gradient(k.rectified, dy) : dy;
  for (int i = 0; i < groups; ++i) {
    const Real* d = of_group(through, i, groups);
    Real* dw_i = dw ? dw + static_cast<long>(i) * g.out * g.taps() : nullptr;
    winograd.for_each_form([&](const WinogradForm& form, bool weights, bool input) {
      const auto add = [&](const auto& of_output) {
        winograd_grads({g, k.x.padding(), form}, of_output, of_group(k.x.plain(), i, groups),
                       weights ? dw_i : nullptr,
                       input ? k.weights.winograd(g, form, i)->data() : nullptr,
                       input ? of_group(*dx, i, groups) : nullptr);
      };
      if (behind_relu && !direct)
        add(RectifiedGradient{d, of_group(k.rectified, i, groups)});
      else
        add(d);
    });
    if (direct_weights)
      conv_weight_grad(g, of_group(k.x.padded(), i, groups), d, g.positions(), 0, g.out_h, dw_i);
    if (direct_input)
      conv_input_grad(g, k.weights.of_group(g, i), d, g.positions(), 0, g.out_h,
                      of_group(pads ? padded : *dx, i, groups));
  }
  if (padded) add_unpadded(padded, k.x.padding(), *dx);
}

}  // namespace

namespace {

Tensor convolution(OpName op, const Tensor& x, const Tensor& weight, const Tensor& bias,
                   const Conv2dOptions& o, bool relu) {
  const ConvGeometry g = conv2d_geometry(x, weight, bias, o);
  Kept kept{g, ConvInput(x, o.padding), ConvWeights(weight), o, {}};
  Tensor y = Tensor::per_sample({o.out, g.out_h, g.out_w});
  const bool trained = grad_wanted({x, weight, bias});
  for (int i = 0; i < o.groups; ++i)
    forward_group(kept, i, trained, bias ? bias.data() + i * g.out : nullptr, relu,
                  of_group(y, i, o.groups));
  if (relu) kept.rectified = y.detach();
  return record(
      op, y, {x, weight, bias},
      [kept = std::move(kept)](const Tensor& dy, GradSink& grad) {
        Tensor* dw = grad.wanted(1);
        add_grads(kept, dy, dw ? dw->data() : nullptr, grad.wanted(0));
        if (Tensor* db = grad.wanted(2))
          add_bias_grad(dy, kept.rectified, kept.options.out, db->data());
      },
      [&] {
        return Attributes{{"stride", {o.stride.h, o.stride.w}},
                          {"padding", {o.padding.h, o.padding.w}},
                          {"dilation", {o.dilation.h, o.dilation.w}},
                          {"groups", o.groups}};
      });
}

}  // namespace

Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& o) {
  return convolution("conv2d", x, weight, bias, o, false);
}

Tensor conv_relu(const Tensor& x, const Tensor& weight, const Tensor& bias,
                 const Conv2dOptions& o) {
  // A trace shows both operations, so that exporters need not know this one.
  if (tracing()) return relu(conv2d(x, weight, bias, o));
  return convolution("conv_relu", x, weight, bias, o, true);
}

Conv2d::Conv2d(const Conv2dOptions& options, Random& rng) : options_(options) {
  check_options(options);
  weight_ = add_parameter("weight", Shape{options.out, options.in / options.groups,
                                          options.kernel.h, options.kernel.w});
  if (options.bias) bias_ = add_parameter("bias", Shape{options.out});
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
