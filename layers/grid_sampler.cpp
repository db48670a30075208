#include "layers/grid_sampler.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/error.h"
#include "core/native.h"

#if defined(__AVX512F__) && !defined(FOVEA_DOUBLE)
#include <immintrin.h>
#endif

namespace fovea {

namespace {

// A frame of fill values around the image: interpolation next to the edge then needs no case of its
// own. One before and two after: the neighbour of a coordinate clamped to `size` is `size + 1`.
constexpr int frame_before = 1, frame = 3;

// Horizontal neighbours.
struct Pair {
  Lanes left, right;
};

// Reads p[index[lane]] and the element after it for every lane.
inline Pair gather_pairs(const Real* p, const LaneInts& index) {
#if defined(__AVX512F__) && !defined(FOVEA_DOUBLE)
  // As a loop over lanes: 1.9 times slower.
  const auto pairs = [p](auto at) -> Lanes {
    return _mm512_castpd_ps(_mm512_mask_i32gather_pd(
        _mm512_setzero_pd(), 0xFF, reinterpret_cast<__m256i>(at), p, sizeof(Real)));
  };
  const Lanes low = pairs(__builtin_shufflevector(index, index, 0, 1, 2, 3, 4, 5, 6, 7));
  const Lanes high = pairs(__builtin_shufflevector(index, index, 8, 9, 10, 11, 12, 13, 14, 15));
#else
  alignas(Lanes) Real both[2 * lane_count];
  for (int lane = 0; lane < lane_count; ++lane)
    std::memcpy(both + 2 * lane, p + index[lane], 2 * sizeof(Real));
  const Lanes low = *reinterpret_cast<const Lanes*>(both);
  const Lanes high = *reinterpret_cast<const Lanes*>(both + lane_count);
#endif
  return {
      __builtin_shufflevector(low, high, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30),
      __builtin_shufflevector(low, high, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29,
                              31)};
}

// A coordinate of the sampled point along one axis, in pixels.
struct Axis {
  Lanes position;  // finite and in range: safe to convert to an integer
  Lanes slope;     // d position / d normalised coordinate
};

// Mirrors `v` into [low, high], a span of the axis; `slope` changes sign with each mirroring.
void reflect(Real low, Real high, Real& v, Real& slope) {
  const Real span = high - low;
  if (span <= 0) {
    v = low, slope = 0;
    return;
  }
  Real distance = v - low;
  if (distance < 0) distance = -distance, slope = -slope;
  const Real flips = std::floor(distance / span);
  const Real rest = distance - flips * span;
  const bool odd = std::fmod(flips, Real(2)) != 0;
  v = odd ? high - rest : low + rest;
  if (odd) slope = -slope;
}

[[gnu::noinline]] void reflect_lanes(Real low, Real high, Axis& axis) {
  for (int lane = 0; lane < lane_count; ++lane) {
    Real value = axis.position[lane], slope = axis.slope[lane];
    reflect(low, high, value, slope);
    axis.position[lane] = value, axis.slope[lane] = slope;
  }
}

// Inlined, as the other steps of a pixel are: constants and results stay in registers.
[[gnu::always_inline]] inline Axis locate(const Lanes& coordinate, int size,
                                          const GridSampleOptions& o) {
  const Real scale = Real(o.align_corners ? size - 1 : size) / 2;
  // The order of PyTorch's roundings: see normalised_coordinate().
  Lanes v = (coordinate + 1) * scale - (o.align_corners ? Real(0) : Real(0.5));
  Lanes slope = broadcast(scale);
  if (o.padding == Padding::reflection) {
    const Real low = o.align_corners ? 0 : Real(-0.5);
    Axis mirrored{v, slope};
    reflect_lanes(low, Real(size - 1) - low, mirrored);
    v = mirrored.position, slope = mirrored.slope;
  }
  const bool zeros = o.padding == Padding::zeros;
  const Lanes low = broadcast(zeros ? -1 : 0), high = broadcast(zeros ? size : size - 1);
  // Comparisons that a NaN fails, so that it ends up in range too. Like PyTorch, a coordinate on
  // the border itself has no gradient where the border is what clips it.
  const LaneInts inside = zeros ? (v >= low) & (v <= high) : (v > low) & (v < high);
  const Lanes clamped = v > low ? (v < high ? v : high) : low;
  return {clamped, inside ? slope : Lanes{}};
}

inline Lanes floor_lanes(const Lanes& v) {
  const Lanes t = __builtin_convertvector(__builtin_convertvector(v, LaneInts), Lanes);
  return t > v ? t - 1 : t;
}

using Footprint = GridSampler::Footprint;

[[gnu::always_inline]] inline Footprint footprint(const Lanes& x, const Lanes& y, bool nearest,
                                                  int wide) {
  const auto plane_index = [wide](const Lanes& column, const Lanes& row) {
    return __builtin_convertvector(
        (row + frame_before) * static_cast<Real>(wide) + (column + frame_before), LaneInts);
  };
  if (nearest) {
    // Half-way cases go to the even pixel, as PyTorch's nearbyint does.
    const auto round = [](Real v) { return std::nearbyint(v); };
    return {plane_index(map_lanes(x, round), map_lanes(y, round)), Lanes{}, Lanes{}};
  }
  const Lanes left = floor_lanes(x), top = floor_lanes(y);
  return {plane_index(left, top), x - left, y - top};
}

// One channel at one output pixel; the slopes, by pixel coordinates, are not set where slope_x is
// null.
inline void interpolate(const Real* plane, int wide, const Footprint& at, const LaneInts& index,
                        Lanes& value, Lanes* slope_x, Lanes* slope_y) {
  const auto [v00, v01] = gather_pairs(plane, index);
  const auto [v10, v11] = gather_pairs(plane + wide, index);
  // Rounded as PyTorch rounds it (the first product alone, the rest fused): on a flat background
  // the last bit decides ties in the max pooling that follows, and so the gradient of theta.
  const Lanes left = 1 - at.fx, upper = 1 - at.fy;
  value = v01 * (at.fx * upper) + v00 * (left * upper);
  value += v10 * (left * at.fy);
  value += v11 * (at.fx * at.fy);
  if (!slope_x) return;
  *slope_x = (v01 - v00) * upper + (v11 - v10) * at.fy;
  *slope_y = (v10 - v00) * left + (v11 - v01) * at.fx;
}

}  // namespace

GridSampler::GridSampler(const Tensor& x, int outputs, const GridSampleOptions& options,
                         bool grid_wanted, bool image_wanted)
    : channels_(x.shape()[0]),
      height_(x.shape()[1]),
      width_(x.shape()[2]),
      outputs_(outputs),
      options_(options) {
  require(framed_size() < (1 << 24), "[grid_sample] the image ", x.shape(),
          " has too many pixels for exact coordinates");
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

void GridSampler::frame_image(const Tensor& x) {
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
      const Real* row = x.data() + static_cast<long>(c) * height_ * width_ * lane_count + part;
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
  const GridSampleOptions o = options_;
  const int wide = framed_width(), size = framed_size(), height = height_, width = width_;
  const bool nearest = o.mode == Interpolation::nearest;
  Lanes* const slopes_x = slope_x_.data();
  Lanes* const slopes_y = slope_y_.data();
  Footprint* const footprints = footprints_.data();
  LaneInts planes;
  for (int lane = 0; lane < lane_count; ++lane) planes[lane] = lane * size;
  for (int i = first; i < first + count; ++i, grid += 2) {
    const Lanes gx = grid[0], gy = grid[1];
    const Axis ax = locate(gx, width, o), ay = locate(gy, height, o);
    const Footprint at = footprint(ax.position, ay.position, nearest, wide);
    const Lanes poison = (gx - gx) + (gy - gy);  // 0, or NaN where a coordinate is not finite
    if (footprints) footprints[i] = at;
    const LaneInts index = at.index + planes;
    const Real* plane = planes_.data();
    for (int k = i; k < channels_ * outputs_; k += outputs_, plane += lane_count * size) {
      if (nearest) {
        y[k] = gather_pairs(plane, index).left + poison;
        continue;
      }
      Lanes value, slope_x{}, slope_y{};
      interpolate(plane, wide, at, index, value, slopes_x ? &slope_x : nullptr, &slope_y);
      y[k] = value + poison;
      if (!slopes_x) continue;
      slopes_x[k] = slope_x * ax.slope;
      slopes_y[k] = slope_y * ay.slope;
    }
  }
}

void GridSampler::grid_grad(const Lanes* dy, int first, int count, Lanes* dgrid) const {
  const bool slopes = slope_x_.size() > 0;
  for (int i = first; i < first + count; ++i, dgrid += 2) {
    Lanes dx{}, dy_{};
    for (int k = i; slopes && k < channels_ * outputs_; k += outputs_) {
      dx += dy[k] * slope_x_[k];
      dy_ += dy[k] * slope_y_[k];
    }
    dgrid[0] = dx, dgrid[1] = dy_;
  }
}

void GridSampler::image_grad(const Lanes* dy, Lanes* dx) const {
  const int wide = framed_width();
  Buffer<Lanes> plane(static_cast<std::size_t>(framed_height()) * wide);
  for (int c = 0; c < channels_; ++c, dx += height_ * width_) {
    std::fill_n(plane.data(), plane.size(), Lanes{});
    Real* p = reinterpret_cast<Real*>(plane.data());
    for (int i = 0; i < outputs_; ++i) {
      const Footprint& at = footprints_[i];
      const Lanes d = dy[c * outputs_ + i], right = d * at.fx, lower = at.fy * d;
      const Lanes both = at.fy * right;
      for (int lane = 0; lane < lane_count; ++lane) {
        Real* corner = p + at.index[lane] * lane_count + lane;
        corner[0] += d[lane] - right[lane] - lower[lane] + both[lane];
        if (options_.mode == Interpolation::nearest) continue;
        corner[lane_count] += right[lane] - both[lane];
        corner[wide * lane_count] += lower[lane] - both[lane];
        corner[(wide + 1) * lane_count] += both[lane];
      }
    }
    for (int y = 0; y < height_; ++y)
      for (int x = 0; x < width_; ++x)
        dx[y * width_ + x] += plane[(y + frame_before) * wide + x + frame_before];
  }
}

}  // namespace fovea
