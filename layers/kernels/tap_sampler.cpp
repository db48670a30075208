#include "layers/kernels/tap_sampler.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/long_sum.h"
#include "layers/kernels/reflect.h"

namespace fovea {

namespace {

// Where all samples read along one axis: `index` is -1 outside.
struct AxisTaps {
  int count = 1;
  LaneInts index[4] = {};
  Lanes weight[4] = {}, slope[4] = {};  // slope: d weight / d normalised coordinate
};

// All taps of one point: the products of those of its axes.
struct PointTaps {
  int count;
  LaneInts index[16];  // in a plane of one channel, or -1
  Lanes weight[16], slope[3][16];
};

// The span that reflection keeps to.
Real low_mirror(const GridSampleOptions& o) {
  return o.align_corners ? Real(0) : Real(-0.5);
}

// `v` is a whole number, or not finite.
RealInt index_of(Real v, int size, const GridSampleOptions& o) {
  const Real last = static_cast<Real>(size - 1);
  if (o.padding == Padding::zeros) return v >= 0 && v <= last ? static_cast<RealInt>(v) : -1;
  if (o.padding == Padding::reflection) {
    Real unused = 0;
    reflect(low_mirror(o), last - low_mirror(o), v, unused);
  }
  return v >= 0 ? static_cast<RealInt>(v < last ? v : last) : 0;  // a NaN reads pixel 0
}

// Keys's kernel within one pixel of the centre, and from one to two; with their derivatives.
constexpr Real a = -0.75;
Real inner(Real x) {
  return ((a + 2) * x - (a + 3)) * x * x + 1;
}
Real outer(Real x) {
  return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
}
Real inner_slope(Real x) {
  return (3 * (a + 2) * x - 2 * (a + 3)) * x;
}
Real outer_slope(Real x) {
  return (3 * a * x - 10 * a) * x + 8 * a;
}

// As in PyTorch each tap is clipped or mirrored by itself, and a coordinate that is not finite has
// weights of NaN.
void cubic_taps(Real v, Real scale, int size, const GridSampleOptions& o, int lane, AxisTaps& t) {
  const Real second = std::floor(v), f = v - second;
  const Real weights[4] = {outer(f + 1), inner(f), inner(1 - f), outer(2 - f)};
  const Real slopes[4] = {outer_slope(f + 1), inner_slope(f), -inner_slope(1 - f),
                          -outer_slope(2 - f)};
  for (int k = 0; k < 4; ++k) {
    t.index[k][lane] = index_of(second + static_cast<Real>(k - 1), size, o);
    t.weight[k][lane] = weights[k], t.slope[k][lane] = slopes[k] * scale;
  }
}

void linear_taps(Real v, Real slope, int size, const GridSampleOptions& o, int lane, AxisTaps& t) {
  const Real last = static_cast<Real>(size - 1);
  if (o.padding == Padding::reflection) reflect(low_mirror(o), last - low_mirror(o), v, slope);
  if (o.padding != Padding::zeros) {
    // On the border there is no gradient, as where it clips. A NaN reads the last voxel: what
    // PyTorch's 5-D sampler does, unlike its 4-D one.
    if (!(v < last)) v = last, slope = 0;
    if (!(v > 0)) v = 0, slope = 0;
  }
  // Far outside, where an integer holds no coordinate, is outside.
  if (!(v > -2 && v < last + 2)) v = -2, slope = 0;
  const auto index = [&](Real at) { return at >= 0 && at <= last ? static_cast<RealInt>(at) : -1; };
  if (o.mode == Interpolation::nearest) {
    t.index[0][lane] = index(std::nearbyint(v)), t.weight[0][lane] = 1;
    return;
  }
  const Real first = std::floor(v), f = v - first;
  t.index[0][lane] = index(first), t.index[1][lane] = index(first + 1);
  t.weight[0][lane] = 1 - f, t.weight[1][lane] = f;
  t.slope[0][lane] = -slope, t.slope[1][lane] = slope;
}

void find_taps(const Lanes& coordinate, int size, const GridSampleOptions& o, AxisTaps& t) {
  const bool cubic = o.mode == Interpolation::bicubic;
  const Real scale = static_cast<Real>(o.align_corners ? size - 1 : size) / 2;
  t.count = cubic ? 4 : o.mode == Interpolation::nearest ? 1 : 2;
  for (int lane = 0; lane < lane_count; ++lane) {
    const Real v = (coordinate[lane] + 1) * scale - (o.align_corners ? Real(0) : Real(0.5));
    if (cubic)
      cubic_taps(v, scale, size, o, lane, t);
    else
      linear_taps(v, scale, size, o, lane, t);
  }
}

void combine(const AxisTaps& x, const AxisTaps& y, const AxisTaps& z, const VolumeExtent& e,
             bool slopes, PointTaps& p) {
  p.count = 0;
  for (int k = 0; k < z.count; ++k)
    for (int j = 0; j < y.count; ++j) {
      const Lanes yz = y.weight[j] * z.weight[k];
      for (int i = 0; i < x.count; ++i, ++p.count) {
        for (int lane = 0; lane < lane_count; ++lane) {
          const RealInt ix = x.index[i][lane], iy = y.index[j][lane], iz = z.index[k][lane];
          p.index[p.count][lane] =
              ix < 0 || iy < 0 || iz < 0 ? -1 : (iz * e.height + iy) * e.width + ix;
        }
        p.weight[p.count] = x.weight[i] * yz;
        if (!slopes) continue;
        p.slope[0][p.count] = x.slope[i] * yz;
        p.slope[1][p.count] = x.weight[i] * y.slope[j] * z.weight[k];
        p.slope[2][p.count] = x.weight[i] * y.weight[j] * z.slope[k];
      }
    }
}

Lanes read(const Lanes* plane, const LaneInts& index, Real outside) {
  Lanes value;
  for (int lane = 0; lane < lane_count; ++lane)
    value[lane] = index[lane] < 0 ? outside : plane[index[lane]][lane];
  return value;
}

}  // namespace

TapSampler::TapSampler(const VolumeExtent& extent, int axes, const GridSampleOptions& options)
    : extent_(extent),
      axes_(axes),
      options_(options),
      outside_(options.padding == Padding::zeros ? options.fill : 0) {
  require(std::max({extent.depth, extent.height, extent.width}) < 1 << 23 &&
              1.0 * extent.depth * extent.height * extent.width < 0x1p26,
          "[grid_sample] the input [", extent.channels, ", ", extent.depth, ", ", extent.height,
          ", ", extent.width, "] has too many pixels for exact coordinates");
}

template <class Visit>
void TapSampler::for_each_point(const Lanes* grid, int outputs, bool slopes,
                                const Visit& visit) const {
  AxisTaps x, y, z;
  z.weight[0] = broadcast(1);  // of an image: its only plane
  PointTaps taps;
  for (int i = 0; i < outputs; ++i, grid += axes_) {
    find_taps(grid[0], extent_.width, options_, x);
    find_taps(grid[1], extent_.height, options_, y);
    if (axes_ == 3) find_taps(grid[2], extent_.depth, options_, z);
    combine(x, y, z, extent_, slopes, taps);
    visit(i, taps);
  }
}

void TapSampler::sample(const Lanes* x, const Lanes* grid, int outputs, Lanes* y) const {
  for_each_point(grid, outputs, false, [&](int i, const PointTaps& taps) {
    for (int c = 0; c < extent_.channels; ++c) {
      Lanes sum{};
      for (int t = 0; t < taps.count; ++t)
        sum += taps.weight[t] * read(x + static_cast<long>(c) * plane(), taps.index[t], outside_);
      y[static_cast<long>(c) * outputs + i] = sum;
    }
  });
}

void TapSampler::add_grid_grad(const Lanes* x, const Lanes* grid, int outputs, const Lanes* dy,
                               Lanes* dgrid) const {
  if (options_.mode == Interpolation::nearest) return;
  for_each_point(grid, outputs, true, [&](int i, const PointTaps& taps) {
    Lanes sums[3] = {};
    for (int c = 0; c < extent_.channels; ++c) {
      const Lanes d = dy[static_cast<long>(c) * outputs + i];
      for (int t = 0; t < taps.count; ++t) {
        // Slopes sum to 0: less `outside`, so that a point among fill values has exactly none.
        const Lanes value =
            d * (read(x + static_cast<long>(c) * plane(), taps.index[t], outside_) - outside_);
        for (int axis = 0; axis < axes_; ++axis) sums[axis] += value * taps.slope[axis][t];
      }
    }
    for (int axis = 0; axis < axes_; ++axis)
      dgrid[static_cast<long>(i) * axes_ + axis] += sums[axis];
  });
}

void TapSampler::add_image_grad(const Lanes* grid, int outputs, const Lanes* dy, Lanes* dx) const {
  const int size = plane() * lane_count;
  const WideSums<Real> sums(size);  // many may read one pixel
  for (int c = 0; c < extent_.channels; ++c, dx += plane(), dy += outputs) {
    sums.clear();
    for_each_point(grid, outputs, false, [&](int i, const PointTaps& taps) {
      for (int t = 0; t < taps.count; ++t) {
        const Lanes share = dy[i] * taps.weight[t];
        for (int lane = 0; lane < lane_count; ++lane)
          if (const RealInt at = taps.index[t][lane]; at >= 0)
            sums[static_cast<int>(at) * lane_count + lane].add(share[lane]);
      }
    });
    for (int i = 0; i < plane(); ++i)
      for (int lane = 0; lane < lane_count; ++lane)
        dx[i][lane] += sums[i * lane_count + lane].value();
  }
}

}  // namespace fovea
