#include "layers/grid_sample.h"

#include <algorithm>
#include <cmath>

#include "core/autograd.h"
#include "core/debug.h"
#include "core/memory.h"

#if defined(__AVX512F__) && !defined(FOVEA_DOUBLE)
#include <immintrin.h>
#endif

namespace fovea {

namespace {

// A frame of fill values around the image: interpolation next to the edge then needs no case of its
// own. One before and two after: the neighbour of a coordinate clamped to `size` is `size + 1`.
constexpr int frame_before = 1, frame = 3;

// Reads base[index[lane] * 16 + lane] for every lane.
inline Lanes gather(const Lanes* base, const LaneInts& index) {
  const Real* p = reinterpret_cast<const Real*>(base);
#if defined(__AVX512F__) && !defined(FOVEA_DOUBLE)
  // As a loop over lanes: 2.4 times slower (GCC 12 extracts every index on its own).
  const LaneInts lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const auto offset = reinterpret_cast<__m512i>(index * lane_count + lane);
  return _mm512_mask_i32gather_ps(_mm512_setzero_ps(), 0xFFFF, offset, p, sizeof(Real));
#else
  Lanes out;
  for (int lane = 0; lane < lane_count; ++lane) out[lane] = p[index[lane] * lane_count + lane];
  return out;
#endif
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

Axis locate(const Lanes& coordinate, int size, const GridSampleOptions& o) {
  const Real scale = Real(o.align_corners ? size - 1 : size) / 2;
  // The order of PyTorch's roundings: see normalised_coordinate().
  Lanes v = (coordinate + 1) * scale - (o.align_corners ? Real(0) : Real(0.5));
  Lanes slope = broadcast(scale);
  if (o.padding == Padding::reflection) {
    const Real low = o.align_corners ? 0 : Real(-0.5);
    for (int lane = 0; lane < lane_count; ++lane) {
      Real value = v[lane], sign = slope[lane];
      reflect(low, Real(size - 1) - low, value, sign);
      v[lane] = value, slope[lane] = sign;
    }
  }
  const bool zeros = o.padding == Padding::zeros;
  const Lanes low = broadcast(zeros ? -1 : 0), high = broadcast(zeros ? size : size - 1);
  // Comparisons that a NaN fails, so that it ends up in range too. Like PyTorch, a coordinate on
  // the border itself has no gradient where the border is what clips it.
  const LaneInts inside = zeros ? (v >= low) & (v <= high) : (v > low) & (v < high);
  const Lanes clamped = v > low ? (v < high ? v : high) : low;
  return {clamped, inside ? slope : Lanes{}};
}

// Where one output pixel of all samples reads: the upper left of four neighbours, or the nearest.
struct Footprint {
  LaneInts index;  // in a framed plane
  Lanes fx, fy;    // weights of the right and the lower neighbours
};

struct Sampler {
  int height, width;  // of the input
  GridSampleOptions options;

  int framed_width() const { return width + frame; }
  int framed_size() const { return (height + frame) * framed_width(); }

  Footprint footprint(const Lanes& x, const Lanes& y) const {
    if (options.mode == Interpolation::nearest) {
      // Half-way cases go to the even pixel, as PyTorch's nearbyint does.
      const auto nearest = [](Real v) { return std::nearbyint(v); };
      return {plane_index(map_lanes(x, nearest), map_lanes(y, nearest)), Lanes{}, Lanes{}};
    }
    const Lanes left = floor_lanes(x), top = floor_lanes(y);
    return {plane_index(left, top), x - left, y - top};
  }

 private:
  static Lanes floor_lanes(const Lanes& v) {
    const Lanes t = __builtin_convertvector(__builtin_convertvector(v, LaneInts), Lanes);
    return t > v ? t - 1 : t;
  }
  LaneInts plane_index(const Lanes& x, const Lanes& y) const {
    return __builtin_convertvector(
        (y + frame_before) * static_cast<Real>(framed_width()) + (x + frame_before), LaneInts);
  }
};

// `x` with the frame around every plane.
Buffer<Lanes> framed(const Tensor& x, const Sampler& s) {
  const int channels = x.shape()[0], wide = s.framed_width();
  const Lanes fill = broadcast(s.options.padding == Padding::zeros ? s.options.fill : 0);
  Buffer<Lanes> out(static_cast<std::size_t>(channels) * s.framed_size());
  for (int c = 0; c < channels; ++c) {
    Lanes* row = out.data() + static_cast<long>(c) * s.framed_size();
    for (int y = -frame_before; y < s.height + frame - frame_before; ++y, row += wide) {
      std::fill_n(row, wide, fill);
      if (y >= 0 && y < s.height)
        std::copy_n(&x[(c * s.height + y) * s.width], s.width, row + frame_before);
    }
  }
  return out;
}

// What backward needs of the forward pass, one element for each output pixel.
struct Kept {
  Buffer<Lanes> slope_x, slope_y;  // d output / d (pixel coordinate), [C, oH * oW]
  Buffer<Footprint> footprints;    // only if x wants its gradient
};

void sample_plane(const Lanes* plane, int wide, const Footprint& at, bool nearest, Lanes& value,
                  Lanes* slope_x, Lanes* slope_y) {
  const Lanes v00 = gather(plane, at.index);
  if (nearest) {
    value = v00;
    return;
  }
  const Lanes v01 = gather(plane + 1, at.index);
  const Lanes v10 = gather(plane + wide, at.index), v11 = gather(plane + wide + 1, at.index);
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

// The gradient of the image: each lane adds to the pixels that its sample read.
void scatter(const Sampler& s, const Kept& kept, const Tensor& dy, const Tensor& dx) {
  const int channels = dx.shape()[0], outputs = dy.size() / channels, wide = s.framed_width();
  Buffer<Lanes> plane(s.framed_size());
  for (int c = 0; c < channels; ++c) {
    std::fill_n(plane.data(), plane.size(), Lanes{});
    Real* p = reinterpret_cast<Real*>(plane.data());
    for (int i = 0; i < outputs; ++i) {
      const Footprint& at = kept.footprints[i];
      const Lanes d = dy[c * outputs + i], right = d * at.fx, lower = at.fy * d;
      const Lanes both = at.fy * right;
      for (int lane = 0; lane < lane_count; ++lane) {
        Real* corner = p + at.index[lane] * lane_count + lane;
        corner[0] += d[lane] - right[lane] - lower[lane] + both[lane];
        if (s.options.mode == Interpolation::nearest) continue;
        corner[lane_count] += right[lane] - both[lane];
        corner[wide * lane_count] += lower[lane] - both[lane];
        corner[(wide + 1) * lane_count] += both[lane];
      }
    }
    for (int y = 0; y < s.height; ++y)
      for (int x = 0; x < s.width; ++x)
        dx[(c * s.height + y) * s.width + x] += plane[(y + frame_before) * wide + x + frame_before];
  }
}

}  // namespace

Tensor grid_sample(const Tensor& x, const Tensor& grid, const GridSampleOptions& o) {
  require(x.is_per_sample() && x.shape().rank() == 3 && x.size() > 0,
          "[grid_sample] input must be per-sample [C, H, W], got ", x);
  require(grid.is_per_sample() && grid.shape().rank() == 3 && grid.shape()[2] == 2,
          "[grid_sample] grid must be per-sample [H, W, 2], got ", grid);
  const int channels = x.shape()[0], out_h = grid.shape()[0], out_w = grid.shape()[1];
  const int outputs = out_h * out_w;
  const Sampler sampler{x.shape()[1], x.shape()[2], o};
  require(sampler.framed_size() < (1 << 24), "[grid_sample] the image ", x.shape(),
          " has too many pixels for exact coordinates");
  const bool nearest = o.mode == Interpolation::nearest;
  const Buffer<Lanes> planes = framed(x, sampler);
  Tensor y = Tensor::per_sample({channels, out_h, out_w});
  const bool slopes = grad_wanted({grid}) && !nearest;
  Kept kept;
  if (slopes) kept.slope_x = Buffer<Lanes>(y.size()), kept.slope_y = Buffer<Lanes>(y.size());
  if (grad_wanted({x})) kept.footprints = Buffer<Footprint>(outputs);
  for (int i = 0; i < outputs; ++i) {
    const Lanes gx = grid[2 * i], gy = grid[2 * i + 1];
    const Axis ax = locate(gx, sampler.width, o), ay = locate(gy, sampler.height, o);
    Footprint at = sampler.footprint(ax.position, ay.position);
    const Lanes poison = (gx - gx) + (gy - gy);  // 0, or NaN where a coordinate is not finite
    if (kept.footprints.size()) kept.footprints[i] = at;
    for (int c = 0; c < channels; ++c) {
      const int k = c * outputs + i;
      sample_plane(planes.data() + static_cast<long>(c) * sampler.framed_size(),
                   sampler.framed_width(), at, nearest, y[k], slopes ? &kept.slope_x[k] : nullptr,
                   slopes ? &kept.slope_y[k] : nullptr);
      y[k] += poison;
      if (!slopes) continue;
      kept.slope_x[k] *= ax.slope;
      kept.slope_y[k] *= ay.slope;
    }
  }
  if (tracing()) {
    trace_attribute("nearest", {double(nearest)});
    trace_attribute("padding", {double(o.padding)});
    trace_attribute("align_corners", {double(o.align_corners)});
    trace_attribute("fill", {double(o.fill)});
  }
  return record(
      "grid_sample", y, {x, grid},
      [sampler, kept = std::move(kept), channels, outputs](const Tensor& dy, GradSink& grad) {
        if (Tensor* dx = grad.wanted(0)) scatter(sampler, kept, dy, *dx);
        Tensor* dgrid = grad.wanted(1);
        if (!dgrid || !kept.slope_x.size()) return;
        for (int i = 0; i < outputs; ++i)
          for (int c = 0; c < channels; ++c) {
            const int k = c * outputs + i;
            (*dgrid)[2 * i] += dy[k] * kept.slope_x[k];
            (*dgrid)[2 * i + 1] += dy[k] * kept.slope_y[k];
          }
      });
}

}  // namespace fovea
