#include "tests/reference.h"

#include <cmath>
#include <limits>

#include "core/random.h"

namespace fovea::testing::reference {

Real& at(const Tensor& t, int lane, int c, int y, int x) {
  const Shape& s = t.shape();
  return t.data()[((c * s[1] + y) * s[2] + x) * lane_count + lane];
}

namespace {

bool inside(const Tensor& t, int y, int x) {
  return y >= 0 && y < t.shape()[1] && x >= 0 && x < t.shape()[2];
}

// Calls visit(lane, o, oy, ox, i, y, x, weight index) for every product in a convolution.
template <class Visit>
void for_each_product(const Tensor& x, const Tensor& y, const Conv2dOptions& o,
                      const Visit& visit) {
  const int in = o.in / o.groups, out = o.out / o.groups;
  for (int lane = 0; lane < lane_count; ++lane)
    for (int oc = 0; oc < o.out; ++oc)
      for (int oy = 0; oy < y.shape()[1]; ++oy)
        for (int ox = 0; ox < y.shape()[2]; ++ox)
          for (int i = 0; i < in; ++i)
            for (int ky = 0; ky < o.kernel.h; ++ky)
              for (int kx = 0; kx < o.kernel.w; ++kx) {
                const int ic = oc / out * in + i;
                const int iy = oy * o.stride.h - o.padding.h + ky * o.dilation.h;
                const int ix = ox * o.stride.w - o.padding.w + kx * o.dilation.w;
                if (inside(x, iy, ix))
                  visit(lane, oc, oy, ox, ic, iy, ix,
                        ((oc * in + i) * o.kernel.h + ky) * o.kernel.w + kx);
              }
}

int convolved(int extent, int kernel, int stride, int padding, int dilation) {
  return (extent + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1;
}

}  // namespace

Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& o) {
  const Shape shape{o.out,
                    convolved(x.shape()[1], o.kernel.h, o.stride.h, o.padding.h, o.dilation.h),
                    convolved(x.shape()[2], o.kernel.w, o.stride.w, o.padding.w, o.dilation.w)};
  const Tensor y = Tensor::zeros(shape, true);
  for (int i = 0; bias && i < y.size(); ++i) y[i] += bias.data()[i / (shape[1] * shape[2])];
  for_each_product(x, y, o, [&](int lane, int oc, int oy, int ox, int ic, int iy, int ix, int w) {
    at(y, lane, oc, oy, ox) += weight.data()[w] * at(x, lane, ic, iy, ix);
  });
  return y;
}

Tensor conv2d_input_grad(const Tensor& dy, const Tensor& weight, const Shape& x_shape,
                         const Conv2dOptions& o) {
  const Tensor dx = Tensor::zeros(x_shape, true);
  for_each_product(dx, dy, o, [&](int lane, int oc, int oy, int ox, int ic, int iy, int ix, int w) {
    at(dx, lane, ic, iy, ix) += weight.data()[w] * at(dy, lane, oc, oy, ox);
  });
  return dx;
}

Tensor conv2d_weight_grad(const Tensor& dy, const Tensor& x, const Conv2dOptions& o) {
  const Tensor dw = Tensor::zeros({o.out, o.in / o.groups, o.kernel.h, o.kernel.w});
  for_each_product(x, dy, o, [&](int lane, int oc, int oy, int ox, int ic, int iy, int ix, int w) {
    dw.data()[w] += at(dy, lane, oc, oy, ox) * at(x, lane, ic, iy, ix);
  });
  return dw;
}

Tensor conv2d_bias_grad(const Tensor& dy) {
  const Tensor db = Tensor::zeros({dy.shape()[0]});
  const int positions = dy.shape()[1] * dy.shape()[2];
  for (int i = 0; i < dy.size(); ++i)
    for (int lane = 0; lane < lane_count; ++lane) db.data()[i / positions] += dy[i][lane];
  return db;
}

namespace {

// Windows are counted one by one: each must end inside the padding or, in ceil_mode, begin there.
int pooled(int extent, int kernel, int stride, int padding, int dilation,
           const MaxPool2dOptions& o) {
  int count = 0;
  for (int begin = -padding;; begin += stride, ++count) {
    const int end = begin + dilation * (kernel - 1) + 1, limit = extent + padding;
    // A window that begins at the limit is none, and nor is one that is not the next.
    const bool whole = end <= limit, part = o.ceil_mode && end < limit + stride && begin < extent;
    if (!whole && !part) return count;
  }
}

// Calls visit(lane, c, oy, ox, y, x) with the place of every maximum.
template <class Visit>
void for_each_maximum(const Tensor& x, MaxPool2dOptions o, const Visit& visit) {
  if (o.stride == Extent2(0)) o.stride = o.kernel;
  const int out_h = pooled(x.shape()[1], o.kernel.h, o.stride.h, o.padding.h, o.dilation.h, o);
  const int out_w = pooled(x.shape()[2], o.kernel.w, o.stride.w, o.padding.w, o.dilation.w, o);
  for (int lane = 0; lane < lane_count; ++lane)
    for (int c = 0; c < x.shape()[0]; ++c)
      for (int oy = 0; oy < out_h; ++oy)
        for (int ox = 0; ox < out_w; ++ox) {
          int best_y = -1, best_x = -1;
          for (int ky = 0; ky < o.kernel.h; ++ky)
            for (int kx = 0; kx < o.kernel.w; ++kx) {
              const int iy = oy * o.stride.h - o.padding.h + ky * o.dilation.h;
              const int ix = ox * o.stride.w - o.padding.w + kx * o.dilation.w;
              if (!inside(x, iy, ix)) continue;
              const Real value = at(x, lane, c, iy, ix);
              if (best_y < 0 || value > at(x, lane, c, best_y, best_x) || std::isnan(value))
                best_y = iy, best_x = ix;
            }
          visit(lane, c, oy, ox, best_y, best_x);
        }
}

}  // namespace

Tensor max_pool2d(const Tensor& x, const MaxPool2dOptions& o) {
  const Extent2 stride = o.stride == Extent2(0) ? o.kernel : o.stride;
  const Tensor y = Tensor::zeros(
      {x.shape()[0], pooled(x.shape()[1], o.kernel.h, stride.h, o.padding.h, o.dilation.h, o),
       pooled(x.shape()[2], o.kernel.w, stride.w, o.padding.w, o.dilation.w, o)},
      true);
  for_each_maximum(x, o, [&](int lane, int c, int oy, int ox, int iy, int ix) {
    at(y, lane, c, oy, ox) =
        iy < 0 ? -std::numeric_limits<Real>::infinity() : at(x, lane, c, iy, ix);
  });
  return y;
}

Tensor max_pool2d_grad(const Tensor& dy, const Tensor& x, const MaxPool2dOptions& o) {
  const Tensor dx = Tensor::zeros(x.shape(), true);
  for_each_maximum(x, o, [&](int lane, int c, int oy, int ox, int iy, int ix) {
    if (iy >= 0) at(dx, lane, c, iy, ix) += at(dy, lane, c, oy, ox);
  });
  return dx;
}

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const Tensor y = Tensor::zeros({weight.shape()[0]}, true);
  for (int o = 0; o < y.size(); ++o) {
    if (bias) y[o] += bias.data()[o];
    for (int i = 0; i < x.size(); ++i) y[o] += weight.data()[o * x.size() + i] * x[i];
  }
  return y;
}

namespace {

// The centre of pixel i of n: pixels tile [-1, 1], or their centres span it (align_corners).
double centre(int i, int n, bool align_corners) {
  if (n == 1) return 0;
  return align_corners ? 2.0 * i / (n - 1) - 1 : (2.0 * i + 1) / n - 1;
}

// A normalised coordinate in pixels of an axis of n, brought into the image as padding says.
double pixel(double coordinate, int n, const GridSampleOptions& o) {
  double v = o.align_corners ? (coordinate + 1) / 2 * (n - 1) : ((coordinate + 1) * n - 1) / 2;
  if (o.padding == Padding::reflection) {
    const double low = o.align_corners ? 0 : -0.5, high = n - 1 - low;
    if (low == high) return 0;
    while (v < low || v > high) v = v < low ? 2 * low - v : 2 * high - v;
  }
  if (o.padding != Padding::zeros) v = std::fmin(std::fmax(v, 0), n - 1);
  return v;
}

}  // namespace

Tensor affine_grid(const Tensor& theta, const AffineGridOptions& o) {
  const Tensor grid = Tensor::per_sample({o.height, o.width, 2});
  for (int lane = 0; lane < lane_count; ++lane)
    for (int i = 0; i < o.height; ++i)
      for (int j = 0; j < o.width; ++j)
        for (int k = 0; k < 2; ++k) {
          const double x = centre(j, o.width, o.align_corners);
          const double y = centre(i, o.height, o.align_corners);
          const double a = theta[3 * k][lane], b = theta[3 * k + 1][lane],
                       c = theta[3 * k + 2][lane];
          at(grid, lane, i, j, k) = static_cast<Real>(a * x + b * y + c);
        }
  return grid;
}

Tensor grid_sample(const Tensor& x, const Tensor& grid, const GridSampleOptions& o) {
  const int height = x.shape()[1], width = x.shape()[2];
  const Tensor out = Tensor::per_sample({x.shape()[0], grid.shape()[0], grid.shape()[1]});
  for (int lane = 0; lane < lane_count; ++lane)
    for (int c = 0; c < x.shape()[0]; ++c)
      for (int i = 0; i < out.shape()[1]; ++i)
        for (int j = 0; j < out.shape()[2]; ++j) {
          const double px = pixel(at(grid, lane, i, j, 0), width, o);
          const double py = pixel(at(grid, lane, i, j, 1), height, o);
          const auto value = [&](double qy, double qx) -> double {
            const bool in = qy >= 0 && qy < height && qx >= 0 && qx < width;
            return in ? at(x, lane, c, static_cast<int>(qy), static_cast<int>(qx)) : o.fill;
          };
          const double left = std::floor(px), top = std::floor(py), fx = px - left, fy = py - top;
          at(out, lane, c, i, j) = static_cast<Real>(
              o.mode == Interpolation::nearest
                  ? value(std::nearbyint(py), std::nearbyint(px))  // half-way: the even pixel
                  : (1 - fy) * ((1 - fx) * value(top, left) + fx * value(top, left + 1)) +
                        fy * ((1 - fx) * value(top + 1, left) + fx * value(top + 1, left + 1)));
        }
  return out;
}

}  // namespace fovea::testing::reference

namespace fovea::testing {

Tensor random_integers(const Shape& shape, bool per_sample, int seed, int size) {
  Random rng(mix(static_cast<std::uint64_t>(seed), static_cast<std::uint64_t>(shape.size())));
  const Tensor t = per_sample ? Tensor::per_sample(shape) : Tensor::shared(shape);
  for (Real& value : t.values())
    value =
        static_cast<Real>(static_cast<int>(rng.below(2 * static_cast<unsigned>(size) + 1)) - size);
  return t;
}

double difference(const Tensor& a, const Tensor& b) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (!a || !b || a.is_per_sample() != b.is_per_sample() || !(a.shape() == b.shape()))
    return infinity;
  double worst = 0;
  for (std::size_t i = 0; i < a.real_count(); ++i) {
    const double x = a.data()[i], y = b.data()[i];
    if (std::isnan(x) && std::isnan(y)) continue;
    if (std::isnan(x) || std::isnan(y)) return infinity;
    if (x != y) worst = std::fmax(worst, std::abs(x - y));
  }
  return worst;
}

}  // namespace fovea::testing
