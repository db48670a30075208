#include "layers/kernels/grid_sampler.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/long_sum.h"
#include "core/native.h"
#include "layers/kernels/gather.h"
#include "layers/kernels/reflect.h"

namespace fovea {

namespace {

// A frame of fill values around the image: interpolation next to the edge then needs no case of its
// own. Two before and two after: coordinates outside are clamped to -2 or `size`, and then neither
// they nor their neighbours -1 and `size + 1` read a pixel, whose weight of 0 makes NaN of
// infinity.
constexpr int frame_before = 2, frame = 4;

// A coordinate of the sampled point along one axis, in pixels.
struct Axis {
  Native position;  // finite and in range: safe to convert to an integer
  Native slope;     // d position / d normalised coordinate
};

[[gnu::noinline]] void reflect_lanes(Real low, Real high, Axis& axis) {
  for (int lane = 0; lane < native_width; ++lane) {
    Real value = axis.position[lane], slope = axis.slope[lane];
    reflect(low, high, value, slope);
    axis.position[lane] = value, axis.slope[lane] = slope;
  }
}

// Inlined, as the other steps of a pixel are: constants and results stay in registers.
[[gnu::always_inline]] inline Axis locate(const Native& coordinate, int size,
                                          const GridSampleOptions& o) {
  const Real scale = Real(o.align_corners ? size - 1 : size) / 2;
  // The order of PyTorch's roundings: see normalised_coordinate().
  Native v = (coordinate + 1) * scale - (o.align_corners ? Real(0) : Real(0.5));
  Native slope = scale - Native{};
  if (o.padding == Padding::reflection) {
    const Real low = o.align_corners ? 0 : Real(-0.5);
    Axis mirrored{v, slope};
    reflect_lanes(low, Real(size - 1) - low, mirrored);
    v = mirrored.position, slope = mirrored.slope;
  }
  const bool zeros = o.padding == Padding::zeros;
  const Native low = Real(zeros ? -1 : 0) - Native{}, outside = Real(zeros ? -2 : 0) - Native{};
  const Native high = Real(zeros ? size : size - 1) - Native{};
  // Comparisons that a NaN fails, so that it ends up in range too. Like PyTorch, a coordinate on
  // the border itself has no gradient where the border is what clips it.
  const NativeInts inside = zeros ? (v >= low) & (v <= high) : (v > low) & (v < high);
  const Native clamped = v >= low ? (v < high ? v : high) : outside;
  return {clamped, inside ? slope : Native{}};
}

inline Native floor_native(const Native& v) {
  const Native t = __builtin_convertvector(__builtin_convertvector(v, NativeInts), Native);
  return t > v ? t - 1 : t;
}

// Where it reads: the upper left of four neighbours, or the nearest.
struct Corner {
  NativeInts index;  // in a framed plane
  Native fx, fy;     // weights of the right and the lower neighbours
};

[[gnu::always_inline]] inline Corner corner_of(const Native& x, const Native& y, bool nearest,
                                               int wide) {
  const auto plane_index = [wide](const Native& column, const Native& row) {
    return __builtin_convertvector(
        (row + frame_before) * static_cast<Real>(wide) + (column + frame_before), NativeInts);
  };
  if (nearest) {
    // Half-way cases go to the even pixel, as PyTorch's nearbyint does.
    Native column, row;
    for (int lane = 0; lane < native_width; ++lane)
      column[lane] = std::nearbyint(x[lane]), row[lane] = std::nearbyint(y[lane]);
    return {plane_index(column, row), Native{}, Native{}};
  }
  const Native left = floor_native(x), top = floor_native(y);
  return {plane_index(left, top), x - left, y - top};
}

// A sampled point, for one native part of the samples.
struct Point {
  NativeInts index;         // of its upper left, or nearest, neighbour in all planes of a channel
  Native fx, fy;            // see Corner; NaN between zeros where the coordinate is not finite
  Native slope_x, slope_y;  // see Axis
};

// So many points are located, then read: their places are in memory by then, where the loads find
// them, and no load waits for arithmetic (AVX2: 1.4 times as fast as one point after the other).
constexpr int stretch = 32;

// One channel at one point; the slopes, by normalised coordinates, are not set where slope_x is
// null.
[[gnu::always_inline]] inline Native interpolate(const Real* plane, int wide, const Point& at,
                                                 Native* slope_x, Native* slope_y) {
  const auto* index = reinterpret_cast<const RealInt*>(&at.index);
  const auto [v00, v01] = gather_pairs(plane, index);
  const auto [v10, v11] = gather_pairs(plane + wide, index);
  // Rounded as PyTorch rounds it (the first product alone, the rest fused): on a flat background
  // the last bit decides ties in the max pooling that follows, and so the gradient of theta.
  const Native left = 1 - at.fx, upper = 1 - at.fy;
  Native value = v01 * (at.fx * upper) + v00 * (left * upper);
  value += v10 * (left * at.fy);
  value += v11 * (at.fx * at.fy);
  if (slope_x) {
    *slope_x = ((v01 - v00) * upper + (v11 - v10) * at.fy) * at.slope_x;
    *slope_y = ((v10 - v00) * left + (v11 - v01) * at.fx) * at.slope_y;
  }
  return value;
}

}  // namespace

GridSampler::GridSampler(const ImageExtent& image, const Lanes* x, int outputs,
                         const GridSampleOptions& options, bool grid_wanted, bool image_wanted)
    : channels_(image.channels),
      height_(image.height),
      width_(image.width),
      outputs_(outputs),
      options_(options) {
  require((height_ + frame + 1.0) * (width_ + frame + native_width) < 0x1p24,
          "[grid_sample] the image [", channels_, ", ", height_, ", ", width_,
          "] has too many pixels for exact coordinates");
  const auto results = static_cast<std::size_t>(channels_) * outputs;
  if (grid_wanted && options.mode != Interpolation::nearest)
    slope_x_ = Buffer<Lanes>(results), slope_y_ = Buffer<Lanes>(results);
  if (image_wanted) footprints_ = Buffer<Footprint>(outputs);
  frame_image(x);
}

// Rows of whole registers, an odd number of which make a plane: a power of two from one sample to
// the next would put the same pixel of all samples into one set of the cache.
int GridSampler::framed_width() const {
  return (width_ + frame + native_width - 1) & -native_width;
}
int GridSampler::framed_height() const {
  return height_ + frame;
}
int GridSampler::framed_size() const {
  return (framed_height() * (framed_width() / native_width) | 1) * native_width;
}

void GridSampler::frame_image(const Lanes* x) {
  const int wide = framed_width(), size = framed_size();
  const Real fill = options_.padding == Padding::zeros ? options_.fill : 0;
  planes_ = Buffer<Real>(static_cast<std::size_t>(channels_) * lane_count * size);
  const int begin = frame_before * wide, end = begin + height_ * wide;
  for (int c = 0; c < channels_; ++c)
    for (int part = 0; part < lane_count; part += native_width) {
      Real* const planes = &planes_[(static_cast<long>(c) * lane_count + part) * size];
      for (int lane = 0; lane < native_width; ++lane) {
        Real* const plane = planes + static_cast<long>(lane) * size;
        std::fill(plane, plane + begin, fill);
        std::fill(plane + end, plane + size, fill);
      }
      const Real* row = reinterpret_cast<const Real*>(x) +
                        static_cast<long>(c) * height_ * width_ * lane_count + part;
      for (int at = begin; at < end; at += wide, row += width_ * lane_count)
        for (int first = 0; first < wide; first += native_width) {
          Native v[native_width];
#pragma GCC unroll 16
          for (int i = 0; i < native_width; ++i) {
            const int column = first + i - frame_before;
            const bool inside = column >= 0 && column < width_;
            v[i] = inside ? native(row + column * lane_count) : fill - Native{};
          }
          transpose(v);
#pragma GCC unroll 16
          for (int lane = 0; lane < native_width; ++lane)
            native(planes + static_cast<long>(lane) * size + at + first) = v[lane];
        }
    }
}

void GridSampler::sample(const Lanes* grid, int first, int count, Lanes* y) {
  for (int done = 0; done < count; done += stretch)
    for (int part = 0; part < lane_count; part += native_width)
      sample_part(part, grid + 2 * done, first + done, std::min(stretch, count - done), y);
}

void GridSampler::sample_part(int part, const Lanes* grid, int first, int count, Lanes* y) {
  const GridSampleOptions o = options_;
  const int wide = framed_width(), size = framed_size(), height = height_, width = width_;
  const bool nearest = o.mode == Interpolation::nearest;
  // Between zeros no place is a NaN's, as in PyTorch; elsewhere it is clipped to one.
  const bool undefined = o.padding == Padding::zeros && !nearest;
  NativeInts planes;
  for (int lane = 0; lane < native_width; ++lane) planes[lane] = (part + lane) * size;
  Point points[stretch];
  for (int i = 0; i < count; ++i) {
    const Native gx = native(grid[2 * i], part), gy = native(grid[2 * i + 1], part);
    const Axis ax = locate(gx, width, o), ay = locate(gy, height, o);
    const Corner at = corner_of(ax.position, ay.position, nearest, wide);
    if (footprints_.size()) {
      Footprint& kept = footprints_[first + i];
      native(kept.index, part) = at.index;
      native(kept.fx, part) = at.fx;
      native(kept.fy, part) = at.fy;
    }
    points[i] = {.index = at.index + planes,
                 .fx = undefined ? at.fx + (gx - gx) : at.fx,
                 .fy = undefined ? at.fy + (gy - gy) : at.fy,
                 .slope_x = ax.slope,
                 .slope_y = ay.slope};
  }
  const Real* plane = planes_.data();
  for (int c = 0; c < channels_; ++c, plane += lane_count * size) {
    const long k = static_cast<long>(c) * outputs_ + first;
    if (nearest) {
      for (int i = 0; i < count; ++i) {
        const auto* index = reinterpret_cast<const RealInt*>(&points[i].index);
        native(y[k + i], part) = gather_pairs(plane, index).left;
      }
    } else if (slope_x_.size()) {
      Lanes *const slope_x = &slope_x_[k], *const slope_y = &slope_y_[k];
      for (int i = 0; i < count; ++i) {
        Native dx, dy;
        native(y[k + i], part) = interpolate(plane, wide, points[i], &dx, &dy);
        native(slope_x[i], part) = dx, native(slope_y[i], part) = dy;
      }
    } else {
      for (int i = 0; i < count; ++i)
        native(y[k + i], part) = interpolate(plane, wide, points[i], nullptr, nullptr);
    }
  }
}

void GridSampler::grid_grad(const Lanes* dy, int first, int count, Lanes* dgrid) const {
  const bool slopes = slope_x_.size() > 0;
  for (int part = 0; part < lane_count; part += native_width)
    for (int i = first; i < first + count; ++i) {
      Native dx{}, dy_{};
      for (int k = i; slopes && k < channels_ * outputs_; k += outputs_) {
        const Native d = native(dy[k], part);
        dx += d * native(slope_x_[k], part);
        dy_ += d * native(slope_y_[k], part);
      }
      Lanes* const out = dgrid + 2 * (i - first);
      native(out[0], part) = dx, native(out[1], part) = dy_;
    }
}

void GridSampler::image_grad(const Lanes* dy, Lanes* dx) const {
  const int wide = framed_width();
  const WideSums<Real> plane(framed_height() * wide * lane_count);  // many may read one pixel
  for (int c = 0; c < channels_; ++c, dx += height_ * width_) {
    plane.clear();
    for (int i = 0; i < outputs_; ++i) {
      const Footprint& at = footprints_[i];
      const Lanes d = dy[c * outputs_ + i], left = 1 - at.fx, upper = 1 - at.fy;
      const Lanes shares[4] = {d * (left * upper), d * (at.fx * upper), d * (left * at.fy),
                               d * (at.fx * at.fy)};
      for (int lane = 0; lane < lane_count; ++lane) {
        WideSum<Real>* corner = &plane[at.index[lane] * lane_count + lane];
        corner[0].add(shares[0][lane]);
        if (options_.mode == Interpolation::nearest) continue;
        corner[lane_count].add(shares[1][lane]);
        corner[wide * lane_count].add(shares[2][lane]);
        corner[(wide + 1) * lane_count].add(shares[3][lane]);
      }
    }
    for (int y = 0; y < height_; ++y)
      for (int x = 0; x < width_; ++x)
        for (int lane = 0; lane < lane_count; ++lane) {
          const int at = (y + frame_before) * wide + x + frame_before;
          dx[y * width_ + x][lane] += plane[at * lane_count + lane].value();
        }
  }
}

}  // namespace fovea
