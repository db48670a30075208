#include "apps/networks/region.h"

#include <algorithm>
#include <cmath>

#include "core/memory.h"

namespace fovea {

namespace {

constexpr int steps = 32;      // of a line of the net
constexpr double even = 0.02;  // pixels that a net may differ from an affine one

// From a picture's edges at -1 and 1 to what the sampler means by these: with align_corners the
// centres of the outer pixels, which lie half a pixel inside. A single pixel has nothing between.
Real from_edges(Real at, int size, bool align_corners) {
  return align_corners && size > 1 ? at * static_cast<Real>(size) / static_cast<Real>(size - 1)
                                   : at;
}
Real to_edges(Real at, int size, bool align_corners) {
  return align_corners && size > 1 ? at * static_cast<Real>(size - 1) / static_cast<Real>(size)
                                   : at;
}

// Where points of a stage's output come from in what it warps, both from edge to edge: by the rows
// of the grid that it samples.
class Source {
 public:
  Source(const Stage& stage, const Theta& theta)
      : stage_(&stage),
        coefficients_(static_cast<std::size_t>(stage.transformer->warp().coefficient_count())) {
    const Buffer<Lanes> lanes(theta.size());
    for (std::size_t k = 0; k < theta.size(); ++k) lanes[k] = theta[k] - Lanes{};
    stage.transformer->warp().prepare(lanes.data(), coefficients_.data());
  }

  WarpPoint operator()(const WarpPoint& at) const {
    const bool corners = stage_->transformer->options().sampler.align_corners;
    const Real x = from_edges(at[0], stage_->output[2], corners);
    const Real y = from_edges(at[1], stage_->output[1], corners);
    Lanes out[2];
    stage_->transformer->warp().row(coefficients_.data(), y, {&x, 1}, out);
    return {to_edges(out[0][0], stage_->input[2], corners),
            to_edges(out[1][0], stage_->input[1], corners)};
  }

 private:
  const Stage* stage_;
  Buffer<Lanes> coefficients_;
};

bool all_finite(const Theta& theta) {
  return std::all_of(theta.begin(), theta.end(), [](Real v) { return std::isfinite(v); });
}

}  // namespace

SampledRegion sampled_region(const std::vector<Stage>& stages, std::span<const Theta> thetas,
                             int stage, const Shape& input) {
  std::vector<Source> sources;
  for (int i = stage; i >= 0; i = stages[static_cast<std::size_t>(i)].parent) {
    const auto k = static_cast<std::size_t>(i);
    if (!all_finite(thetas[k])) return {};
    sources.emplace_back(stages[k], thetas[k]);
  }
  // Of (u, v) from (0, 0), the output's upper left corner, to (1, 1).
  const auto pixel = [&](double u, double v) {
    WarpPoint at = {static_cast<Real>(2 * u - 1), static_cast<Real>(2 * v - 1)};
    for (const Source& source : sources) at = source(at);
    return Point{(static_cast<double>(at[0]) + 1) / 2 * input[2],
                 (static_cast<double>(at[1]) + 1) / 2 * input[1]};
  };
  SampledRegion out;
  const Point origin = pixel(0, 0), right = pixel(1, 0), down = pixel(0, 1);
  out.corners = {origin, right, pixel(1, 1), down};
  bool affine = true;
  const auto line = [&](const Point& from, const Point& to) {  // without its end
    std::vector<Point> points;
    for (int i = 0; i < steps; ++i) {
      const double t = static_cast<double>(i) / steps;
      const double u = from[0] + t * (to[0] - from[0]), v = from[1] + t * (to[1] - from[1]);
      const Point p = pixel(u, v);
      for (std::size_t k = 0; k < 2; ++k)
        affine &= std::abs(origin[k] + u * (right[k] - origin[k]) + v * (down[k] - origin[k]) -
                           p[k]) <= even;
      points.push_back(p);
    }
    return points;
  };
  constexpr Point corners[] = {{0, 0}, {1, 0}, {1, 1}, {0, 1}};
  for (std::size_t k = 0; k < 4; ++k)
    for (const Point& p : line(corners[k], corners[(k + 1) % 4])) out.outline.push_back(p);
  for (const double at : {0.25, 0.5, 0.75})
    for (const bool across : {false, true}) {
      out.net.push_back(across ? line({0, at}, {1, at}) : line({at, 0}, {at, 1}));
      out.net.back().push_back(across ? pixel(1, at) : pixel(at, 1));
    }
  if (affine) {
    out.outline.assign(out.corners.begin(), out.corners.end());
    out.net.clear();
  }
  return out;
}

}  // namespace fovea
