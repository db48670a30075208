#include "layers/interpolate.h"

#include <algorithm>
#include <cmath>

#include "core/autograd.h"
#include "core/memory.h"

namespace fovea {

namespace {

void check_options(const InterpolateOptions& o) {
  const bool size = o.size != Extent2(0), factor = o.scale_factor.h != 0 || o.scale_factor.w != 0;
  require(size != factor, "[interpolate] Takes either a size or a scale_factor");
  require(!size || std::min(o.size.h, o.size.w) > 0,
          "[interpolate] The size must be positive, got ", o.size.h, "x", o.size.w);
  for (const double f : {o.scale_factor.h, o.scale_factor.w})
    require(!factor || (f > 0 && std::isfinite(f)),
            "[interpolate] The scale_factor must be positive and finite, got ", f);
  require(!o.align_corners || o.mode != InterpolateMode::nearest,
          "[interpolate] align_corners goes with bilinear and bicubic, not with nearest");
}

// One direction: how large the result is, and how far apart its pixels are in those of the input.
struct Axis {
  int in, out;
  double step;
  InterpolateMode mode;
  bool align_corners;
};

Axis make_axis(const InterpolateOptions& o, int in, int size, double factor) {
  const double extent = size ? size : std::floor(in * factor);
  require(extent >= 1 && extent < 0x1p31, "[interpolate] An extent of ", in, " times ", factor,
          " is ", extent, ", which is no size");
  const int out = static_cast<int>(extent);
  double step = size ? static_cast<double>(in) / out : 1 / factor;
  if (o.align_corners) step = out > 1 ? (in - 1.0) / (out - 1) : 0;
  // As PyTorch: a factor that changes no size changes no pixel, and one that doubles it doubles
  // all.
  if (o.mode != InterpolateMode::bicubic && out == in) step = 1;
  if (o.mode == InterpolateMode::nearest && out == 2L * in) step = 0.5;
  return {in, out, step, o.mode, o.align_corners};
}

// The pixels of the input that one of the result is made of.
struct Taps {
  int count;
  int index[4];
  Real weight[4];
};

Taps nearest(const Axis& a, int i) {
  // In float, as PyTorch: which pixel it is where two are equally near hangs on that.
  const float at = std::floor(static_cast<float>(i) * static_cast<float>(a.step));
  return {1, {static_cast<int>(std::min(static_cast<double>(at), a.in - 1.0))}, {1}};
}

Taps bilinear(const Axis& a, int i) {
  const double at = std::max(0.0, a.align_corners ? i * a.step : (i + 0.5) * a.step - 0.5);
  const int first = static_cast<int>(std::min(at, a.in - 1.0));
  const double share = std::clamp(at - first, 0.0, 1.0);
  return {2,
          {first, std::min(first + 1, a.in - 1)},
          {static_cast<Real>(1 - share), static_cast<Real>(share)}};
}

Taps bicubic(const Axis& a, int i) {
  constexpr double A = -0.75;
  const auto inner = [](double x) { return ((A + 2) * x - (A + 3)) * x * x + 1; };
  const auto outer = [](double x) { return ((A * x - 5 * A) * x + 8 * A) * x - 4 * A; };
  const double at = a.align_corners ? i * a.step : (i + 0.5) * a.step - 0.5;
  const double floor = std::floor(at), share = at - floor;
  const double weights[] = {outer(share + 1), inner(share), inner(1 - share), outer(2 - share)};
  Taps taps{4, {}, {}};
  for (int k = 0; k < 4; ++k) {
    taps.index[k] = static_cast<int>(std::clamp(floor - 1 + k, 0.0, a.in - 1.0));
    taps.weight[k] = static_cast<Real>(weights[k]);
  }
  return taps;
}

Buffer<Taps> all_taps(const Axis& a) {
  Buffer<Taps> taps(static_cast<std::size_t>(a.out));
  const auto one = a.mode == InterpolateMode::nearest    ? nearest
                   : a.mode == InterpolateMode::bilinear ? bilinear
                                                         : bicubic;
  for (int i = 0; i < a.out; ++i) taps[i] = one(a, i);
  return taps;
}

// Calls f(output index, input index, weight) for all taps, those of one output after each other.
template <class F>
void visit(int channels, const Axis& rows, const Axis& columns, F f) {
  const Buffer<Taps> row_taps = all_taps(rows), column_taps = all_taps(columns);
  for (int c = 0, o = 0; c < channels; ++c)
    for (int i = 0; i < rows.out; ++i)
      for (int j = 0; j < columns.out; ++j, ++o) {
        const Taps &r = row_taps[i], &t = column_taps[j];
        for (int a = 0; a < r.count; ++a)
          for (int b = 0; b < t.count; ++b)
            f(o, (c * rows.in + r.index[a]) * columns.in + t.index[b], r.weight[a] * t.weight[b]);
      }
}

}  // namespace

const char* name_of(InterpolateMode mode) {
  const char* const names[] = {"nearest", "bilinear", "bicubic"};
  return names[static_cast<int>(mode)];
}

Tensor interpolate(const Tensor& x, const InterpolateOptions& options) {
  check_options(options);
  require(x.is_per_sample() && x.shape().rank() == 3 && x.size() > 0,
          "[interpolate] The input must be per-sample [C, H, W], got ", x);
  const int channels = x.shape()[0];
  const Axis rows = make_axis(options, x.shape()[1], options.size.h, options.scale_factor.h);
  const Axis columns = make_axis(options, x.shape()[2], options.size.w, options.scale_factor.w);
  Tensor y = Tensor::per_sample({channels, rows.out, columns.out});
  y.fill(0);
  visit(channels, rows, columns, [&](int o, int i, Real weight) { y[o] += weight * x[i]; });
  return record(
      "interpolate", y, {x},
      [=](const Tensor& dy, GradSink& grad) {
        if (Tensor* dx = grad.wanted(0))
          visit(channels, rows, columns,
                [&](int o, int i, Real weight) { (*dx)[i] += weight * dy[o]; });
      },
      [&] {
        return Attributes{{"mode", name_of(options.mode)},
                          {"align_corners", options.align_corners},
                          {"step_h", rows.step},
                          {"step_w", columns.step}};
      });
}

Upsample::Upsample(const Options& options) : options_(options) {
  check_options(options);
}

std::string Upsample::describe() const {
  const auto& o = options_;
  const std::string size =
      o.size != Extent2(0) ? cat("size=(", o.size.h, ", ", o.size.w, ")")
                           : cat("scale_factor=(", o.scale_factor.h, ", ", o.scale_factor.w, ")");
  return cat("Upsample(", size, ", mode='", name_of(o.mode), "'",
             o.align_corners ? ", align_corners=True)" : ")");
}

}  // namespace fovea
