#include "layers/max_pool2d.h"

#include <algorithm>
#include <limits>

#include "core/autograd.h"
#include "core/memory.h"
#include "core/native.h"

namespace fovea {

namespace {

MaxPool2dOptions checked(MaxPool2dOptions o) {
  if (o.stride == Extent2(0)) o.stride = o.kernel;
  require(std::min({o.kernel.h, o.kernel.w, o.stride.h, o.stride.w}) > 0,
          "[max_pool2d] kernel and stride must be positive");
  require(std::min(o.dilation.h, o.dilation.w) > 0, "[max_pool2d] dilation must be positive");
  require(o.padding.h >= 0 && o.padding.w >= 0 && o.padding.h <= o.kernel.h / 2 &&
              o.padding.w <= o.kernel.w / 2,
          "[max_pool2d] padding must be at most half the kernel, got padding ", o.padding.h, "x",
          o.padding.w, " with kernel ", o.kernel.h, "x", o.kernel.w);
  return o;
}

// The part of a window that lies inside the input: rows or columns begin, begin + dilation, ...
// before end.
struct Window {
  int begin, end;
  Window(int out, int stride, int padding, int kernel, int dilation, int extent) {
    const long first = static_cast<long>(out) * stride - padding;
    const long skipped = first < 0 ? (-first + dilation - 1) / dilation : 0;
    end = static_cast<int>(std::min<long>(extent, first + window_reach(kernel, dilation)));
    begin = static_cast<int>(std::min<long>(end, first + skipped * dilation));
  }
};

}  // namespace

Tensor max_pool2d(const Tensor& x, const MaxPool2dOptions& options) {
  const MaxPool2dOptions o = checked(options);
  require(x.is_per_sample() && x.shape().rank() == 3 && x.size() > 0,
          "[max_pool2d] input must be per-sample [C, H, W], got ", x);
  const int channels = x.shape()[0], height = x.shape()[1], width = x.shape()[2];
  const int out_h =
      window_count(height, o.kernel.h, o.stride.h, o.padding.h, o.dilation.h, o.ceil_mode);
  const int out_w =
      window_count(width, o.kernel.w, o.stride.w, o.padding.w, o.dilation.w, o.ceil_mode);
  require(out_h > 0 && out_w > 0, "[max_pool2d] a window of ", o.kernel.h, "x", o.kernel.w,
          " does not fit the input ", x.shape());
  Tensor y = Tensor::per_sample({channels, out_h, out_w});
  const bool keep = grad_wanted({x});
  Buffer<LaneInts> winners(keep ? y.size() : 0);  // index in the plane of each maximum
  const int step_h = o.dilation.h, step_w = o.dilation.w;
  int out = 0;
  for (int c = 0; c < channels; ++c) {
    const Lanes* plane = x.lanes() + c * height * width;
    for (int oy = 0; oy < out_h; ++oy) {
      const Window rows(oy, o.stride.h, o.padding.h, o.kernel.h, o.dilation.h, height);
      for (int ox = 0; ox < out_w; ++ox, ++out) {
        const Window columns(ox, o.stride.w, o.padding.w, o.kernel.w, o.dilation.w, width);
        if (rows.begin == rows.end || columns.begin == columns.end) {
          y[out] = broadcast(-std::numeric_limits<Real>::infinity());
          if (keep) winners[out] = LaneInts{} - 1;
          continue;
        }
        const int first = rows.begin * width + columns.begin;
        for (int part = 0; part < lane_count; part += native_width) {
          Native best = native(plane[first], part);
          NativeInts winner = first - NativeInts{};
          for (int i = rows.begin; i < rows.end; i += step_h)
            for (int j = columns.begin; j < columns.end; j += step_w) {
              const Native value = native(plane[i * width + j], part);
              const NativeInts better = (value > best) | (value != value);
              best = better ? value : best;
              winner = better ? (i * width + j) - NativeInts{} : winner;
            }
          native(y[out], part) = best;
          if (keep) native(winners[out], part) = winner;
        }
      }
    }
  }
  return record(
      "max_pool2d", y, {x},
      [winners = std::move(winners), channels, plane_size = height * width](const Tensor& dy,
                                                                            GradSink& grad) {
        Tensor* dx = grad.wanted(0);
        const int outputs = dy.size() / channels;
        for (int c = 0; c < channels; ++c) {
          Real* plane = dx->data() + static_cast<long>(c) * plane_size * lane_count;
          for (int i = c * outputs; i < (c + 1) * outputs; ++i)
            for (int lane = 0; lane < lane_count && winners[i][lane] >= 0; ++lane)
              plane[winners[i][lane] * lane_count + lane] += dy[i][lane];
        }
      },
      [&] {
        return Attributes{{"kernel", {o.kernel.h, o.kernel.w}},
                          {"stride", {o.stride.h, o.stride.w}},
                          {"padding", {o.padding.h, o.padding.w}},
                          {"dilation", {o.dilation.h, o.dilation.w}}};
      });
}

MaxPool2d::MaxPool2d(const MaxPool2dOptions& options) : options_(checked(options)) {}

std::string MaxPool2d::describe() const {
  const auto& o = options_;
  const auto text = [](Extent2 e) { return e.h == e.w ? cat(e.h) : cat("(", e.h, ", ", e.w, ")"); };
  return cat("MaxPool2d(kernel_size=", text(o.kernel), ", stride=", text(o.stride),
             ", padding=", text(o.padding),
             o.dilation == Extent2(1) ? "" : cat(", dilation=", text(o.dilation)),
             o.ceil_mode ? ", ceil_mode=True)" : ")");
}

}  // namespace fovea
