#include "layers/avg_pool2d.h"

#include <algorithm>

#include "core/autograd.h"
#include "core/long_sum.h"
#include "layers/extent2.h"

namespace fovea {

namespace {

// A window in one direction: the elements it covers, and the number to divide by.
struct Span {
  int begin, end, count;
};

struct FixedWindow {
  int extent, kernel, stride, padding;
  bool count_include_pad;

  Span operator()(int i) const {
    const long first = static_cast<long>(i) * stride - padding, last = first + kernel;
    const int begin = static_cast<int>(std::max(first, 0L));
    const int end = static_cast<int>(std::min<long>(last, extent));
    // In ceil_mode the end of a window may be beyond the padding.
    const long padded = std::min(last, static_cast<long>(extent) + padding) - first;
    return {begin, end, count_include_pad ? static_cast<int>(padded) : end - begin};
  }
};

struct AdaptiveWindow {
  int extent, bins;

  Span operator()(int i) const {
    const std::int64_t size = extent;
    const int begin = static_cast<int>(i * size / bins);
    const int end = static_cast<int>(((i + 1) * size + bins - 1) / bins);
    return {begin, end, end - begin};
  }
};

// Calls f(output index, count, inside) for every window; inside(g) calls g(input index) for every
// element of it.
template <class Window, class F>
void visit(const Shape& in, const Shape& out, const Window& rows, const Window& columns, F f) {
  for (int c = 0, o = 0; c < out[0]; ++c)
    for (int i = 0; i < out[1]; ++i) {
      const Span row = rows(i);
      for (int j = 0; j < out[2]; ++j, ++o) {
        const Span column = columns(j);
        f(o, static_cast<double>(row.count) * column.count, [&](auto g) {
          for (int y = row.begin; y < row.end; ++y)
            for (int x = column.begin; x < column.end; ++x) g((c * in[1] + y) * in[2] + x);
        });
      }
    }
}

// The mean of every window, summed in double.
template <class Window>
void means(const Tensor& x, const Window& rows, const Window& columns, const Tensor& y) {
  visit(x.shape(), y.shape(), rows, columns, [&](int o, double count, auto inside) {
    WideSum<Lanes> sum;
    inside([&](int i) { sum.add(x[i]); });
    y[o] = sum.over(count);
  });
}

// The same of the usual windows, side by side: in pairs four equal terms keep their mean.
bool are_pairs(const FixedWindow& w) {
  return w.kernel == 2 && w.stride == 2 && w.padding == 0 && w.extent % 2 == 0;
}
void means_of_2x2(const Tensor& x, const Tensor& y) {
  const int width = y.shape()[2], rows = y.shape()[0] * y.shape()[1];
  for (int row = 0; row < rows; ++row) {
    const Lanes* upper = x.lanes() + static_cast<long>(row) * 4 * width;
    const Lanes* lower = upper + 2 * width;
    Lanes* out = y.lanes() + static_cast<long>(row) * width;
    for (int j = 0; j < width; ++j, upper += 2, lower += 2)
      out[j] = Real(0.25) * ((upper[0] + upper[1]) + (lower[0] + lower[1]));
  }
}
void means(const Tensor& x, const FixedWindow& rows, const FixedWindow& columns, const Tensor& y) {
  if (are_pairs(rows) && are_pairs(columns)) return means_of_2x2(x, y);
  means<FixedWindow>(x, rows, columns, y);
}

template <class Window, class A>
Tensor pool(OpName op, const Tensor& x, const Shape& shape, const Window& rows,
            const Window& columns, const A& attributes) {
  Tensor y = Tensor::per_sample(shape);
  means(x, rows, columns, y);
  return record(
      op, y, {x},
      [in = x.shape(), shape, rows, columns](const Tensor& dy, GradSink& grad) {
        if (Tensor* dx = grad.wanted(0))
          visit(in, shape, rows, columns, [&](int o, double count, auto inside) {
            const Lanes share = static_cast<Real>(1 / count) * dy[o];
            inside([&](int i) { (*dx)[i] += share; });
          });
      },
      attributes);
}

void require_image(const char* op, const Tensor& x) {
  require(x.is_per_sample() && x.shape().rank() == 3 && x.size() > 0, "[", op,
          "] The input must be per-sample [channels, height, width], got ", x);
}

AvgPool2dOptions checked(AvgPool2dOptions o) {
  if (o.stride == Extent2(0)) o.stride = o.kernel;
  const auto text = [](Extent2 e) { return cat(e.h, "x", e.w); };
  require(std::min({o.kernel.h, o.kernel.w, o.stride.h, o.stride.w}) >= 1 &&
              std::min(o.padding.h, o.padding.w) >= 0 && o.padding.h <= o.kernel.h / 2 &&
              o.padding.w <= o.kernel.w / 2,
          "[avg_pool2d] Takes kernel >= 1, stride >= 1 and 0 <= padding <= kernel / 2, got kernel ",
          text(o.kernel), ", stride ", text(o.stride), ", padding ", text(o.padding));
  return o;
}

}  // namespace

Tensor avg_pool2d(const Tensor& x, const AvgPool2dOptions& options) {
  require_image("avg_pool2d", x);
  const auto [kernel, stride, padding, include, ceil] = checked(options);
  const int h = x.shape()[1], w = x.shape()[2];
  const Shape shape = {x.shape()[0], window_count(h, kernel.h, stride.h, padding.h, 1, ceil),
                       window_count(w, kernel.w, stride.w, padding.w, 1, ceil)};
  require(shape.size() > 0, "[avg_pool2d] The window of ", kernel.h, "x", kernel.w,
          " does not fit into an input with shape ", x.shape(), " and padding ", padding.h, "x",
          padding.w);
  return pool("avg_pool2d", x, shape, FixedWindow{h, kernel.h, stride.h, padding.h, include},
              FixedWindow{w, kernel.w, stride.w, padding.w, include},
              [&, kernel = kernel, stride = stride, padding = padding, include = include] {
                return Attributes{{"kernel", {kernel.h, kernel.w}},
                                  {"stride", {stride.h, stride.w}},
                                  {"padding", {padding.h, padding.w}},
                                  {"count_include_pad", include}};
              });
}

Tensor adaptive_avg_pool2d(const Tensor& x, int height, int width) {
  require_image("adaptive_avg_pool2d", x);
  require(height >= 1 && width >= 1, "[adaptive_avg_pool2d] The output size must be positive, got ",
          height, "x", width);
  require(static_cast<double>(height) * width * x.shape()[0] < 0x1p31,
          "[adaptive_avg_pool2d] The output size ", height, "x", width, " of ", x.shape()[0],
          " channels is too large: more than 2^31 elements");
  return pool("adaptive_avg_pool2d", x, {x.shape()[0], height, width},
              AdaptiveWindow{x.shape()[1], height}, AdaptiveWindow{x.shape()[2], width}, [&] {
                return Attributes{{"output_size", {height, width}}};
              });
}

AvgPool2d::AvgPool2d(const Options& options) : options_(checked(options)) {}

std::string AvgPool2d::describe() const {
  const auto& o = options_;
  const auto text = [](Extent2 e) { return e.h == e.w ? cat(e.h) : cat("(", e.h, ", ", e.w, ")"); };
  return cat("AvgPool2d(kernel_size=", text(o.kernel), ", stride=", text(o.stride),
             ", padding=", text(o.padding), o.ceil_mode ? ", ceil_mode=True" : "",
             o.count_include_pad ? ")" : ", count_include_pad=False)");
}

AdaptiveAvgPool2d::AdaptiveAvgPool2d(int height, int width) : height_(height), width_(width) {
  require(height >= 1 && width >= 1, "[AdaptiveAvgPool2d] The output size must be positive, got ",
          height, "x", width);
}

std::string AdaptiveAvgPool2d::describe() const {
  return cat("AdaptiveAvgPool2d(output_size=(", height_, ", ", width_, "))");
}

}  // namespace fovea
