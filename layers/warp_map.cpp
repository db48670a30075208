#include "layers/warp_map.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <limits>
#include <numbers>

#include "core/memory.h"
#include "layers/arithmetic.h"
#include "layers/reduce.h"

namespace fovea {

namespace {

using Map = std::function<std::optional<WarpPoint>(const WarpPoint&)>;

std::string number(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value == 0 ? 0.0 : value);
  return text;
}

std::optional<WarpBox> box_around(const WarpBox& box, const Map& map) {
  constexpr int steps = 16;  // an edge
  constexpr Real most = std::numeric_limits<Real>::infinity();
  WarpBox out{most, most, -most, -most};
  for (int edge = 0; edge < 4; ++edge)
    for (int i = 0; i < steps; ++i) {
      const Real t = static_cast<Real>(i) / steps, u = edge < 2 ? t : 1 - t;
      const Real along_x = box.left + u * (box.right - box.left);
      const Real along_y = box.top + u * (box.bottom - box.top);
      const auto at = map(edge == 0   ? WarpPoint{along_x, box.top}
                          : edge == 1 ? WarpPoint{box.right, along_y}
                          : edge == 2 ? WarpPoint{along_x, box.bottom}
                                      : WarpPoint{box.left, along_y});
      if (!at) return std::nullopt;
      const auto [x, y] = *at;
      // A NaN in the map leaves no number behind, rather than a box around the other points.
      out = {std::isnan(x) ? x : std::min(x, out.left), std::isnan(y) ? y : std::min(y, out.top),
             std::isnan(x) ? x : std::max(x, out.right),
             std::isnan(y) ? y : std::max(y, out.bottom)};
    }
  return out;
}

// x, y with [a, b; c, d] (x, y) = (e, f).
struct Pair {
  double x, y;
};
Pair solve_pair(double a, double b, double c, double d, double e, double f) {
  const double det = a * d - b * c;
  return {(d * e - b * f) / det, (a * f - c * e) / det};
}

// Least squares over a regular grid, side x side points row by row, where x, y and 1 are
// orthogonal.
WarpReading read_points(const Lanes* points, int side, int lane, double aspect) {
  const auto at = [&](int i) { return static_cast<double>(normalised_coordinate(i, side, false)); };
  double squares = 0, m[6] = {};
  WarpReading out;
  for (int i = 0; i < side * side; ++i) {
    const double x = at(i % side), y = at(i / side);
    squares += x * x;
    double furthest = 0;
    for (int k = 0; k < 2; ++k) {
      const auto value = static_cast<double>(points[2 * i + k][lane]);
      m[3 * k] += x * value;
      m[3 * k + 1] += y * value;
      m[3 * k + 2] += value;
      furthest = std::max(furthest, std::abs(value));
      if (std::isnan(value)) furthest = value;
    }
    out.outside += !(furthest <= 1.0001);
  }
  const double count = side * side;
  for (const int k : {0, 1, 3, 4}) m[k] /= squares;
  for (const int k : {2, 5}) m[k] /= count;
  double missed = 0;
  for (int i = 0; i < side * side; ++i)
    for (int k = 0; k < 2; ++k)
      missed += std::pow(m[3 * k] * at(i % side) + m[3 * k + 1] * at(i / side) + m[3 * k + 2] -
                             static_cast<double>(points[2 * i + k][lane]),
                         2);
  // Where a step of one output pixel to the right, (a, c), and down, (b, d), leads.
  double a = m[0], b = m[1] * aspect, c = m[3] / aspect, d = m[4];
  const double area = a * d - b * c;
  out.mirrored = area < -1e-6 * (a * a + b * b + c * c + d * d);  // less is a line, and rounding
  if (out.mirrored) a = 0 - a, c = 0 - c;  // no -0, which atan2 would take for -180 degrees
  constexpr double degrees = 180 / std::numbers::pi;
  out.angle = degrees * std::atan2(c, a);
  out.slant = degrees * std::atan2(a * b + c * d, std::abs(area));
  out.scale = std::sqrt(std::abs(area));
  out.shift_x = m[2];
  out.shift_y = m[5];
  out.bend = std::sqrt(missed / count);
  out.outside /= count;
  return out;
}

}  // namespace

std::optional<WarpPoint> map_back(const Warp& warp, std::span<const Real> theta,
                                  const WarpPoint& at) {
  constexpr double tolerance = 1e-5;
  if (const auto inverse = warp.inverse(theta)) {
    const WarpPoint back = warp.map(*inverse, at), there = warp.map(theta, back);
    const double error = std::hypot(there[0] - at[0], there[1] - at[1]);
    if (error <= 1e-3 * (1 + std::hypot(back[0], back[1]))) return back;
    return std::nullopt;  // beyond the horizon
  }
  // Newton's method with slopes by differences, a step being halved while it does not help.
  constexpr double h = 1e-3;
  double x = static_cast<double>(at[0]), y = static_cast<double>(at[1]);
  const auto error_at = [&](double px, double py) {
    const WarpPoint p = warp.map(theta, {static_cast<Real>(px), static_cast<Real>(py)});
    return Pair{static_cast<double>(p[0] - at[0]), static_cast<double>(p[1] - at[1])};
  };
  Pair error = error_at(x, y);
  for (int step = 0; step < 40; ++step) {
    const double size = std::hypot(error.x, error.y);
    if (size <= tolerance) return WarpPoint{static_cast<Real>(x), static_cast<Real>(y)};
    const Pair right = error_at(x + h, y), left = error_at(x - h, y);
    const Pair down = error_at(x, y + h), up = error_at(x, y - h);
    const Pair move = solve_pair(right.x - left.x, down.x - up.x, right.y - left.y, down.y - up.y,
                                 -2 * h * error.x, -2 * h * error.y);
    double share = 1;
    Pair next = error_at(x + move.x, y + move.y);
    while (!(std::hypot(next.x, next.y) < size) && share > 1e-3) {
      share /= 2;
      next = error_at(x + share * move.x, y + share * move.y);
    }
    if (!(std::hypot(next.x, next.y) < size)) return std::nullopt;
    x += share * move.x, y += share * move.y;
    error = next;
  }
  return std::nullopt;
}

WarpBox map_box(const Warp& warp, std::span<const Real> theta, const WarpBox& box) {
  return *box_around(box, [&](const WarpPoint& at) { return warp.map(theta, at); });
}

std::optional<WarpBox> map_box_back(const Warp& warp, std::span<const Real> theta,
                                    const WarpBox& box) {
  return box_around(box, [&](const WarpPoint& at) { return map_back(warp, theta, at); });
}

std::vector<WarpReading> read_thetas(const Warp& warp, const Tensor& theta, double aspect) {
  constexpr int side = 16;
  const GridRows rows(warp, theta, {.height = side, .width = side});
  const Buffer<Lanes> points(2 * side * side);
  for (int i = 0; i < side; ++i) rows.row(i, points.data() + 2 * i * side);
  std::vector<WarpReading> out;
  for (int lane = 0; lane < lane_count; ++lane)
    out.push_back(read_points(points.data(), side, lane, aspect));
  return out;
}

WarpReading read_theta(const Warp& warp, std::span<const Real> theta, double aspect) {
  const Tensor lanes = Tensor::per_sample({static_cast<int>(theta.size())});
  for (int k = 0; k < lanes.size(); ++k) lanes[k] = broadcast(theta[static_cast<std::size_t>(k)]);
  return read_thetas(warp, lanes, aspect)[0];
}

std::string in_words(const Warp& warp, std::span<const Real> theta) {
  const WarpReading seen = read_theta(warp, theta);
  if (!std::isfinite(seen.angle + seen.scale + seen.shift_x + seen.shift_y + seen.bend))
    return "not finite";
  std::string out;
  const auto say = [&](bool worth, const std::string& text) {
    if (worth) out += (out.empty() ? "" : ", ") + text;
  };
  say(seen.mirrored, "mirrored");
  say(std::abs(seen.angle) >= 0.5, cat("turned by ", number("%.0f", seen.angle), " degrees"));
  say(std::abs(seen.slant) >= 0.5, cat("slanted by ", number("%.0f", seen.slant), " degrees"));
  say(std::abs(seen.scale - 1) >= 0.005, cat(number("%.2f", seen.scale), " times the size"));
  say(std::max(std::abs(seen.shift_x), std::abs(seen.shift_y)) >= 0.005,
      cat("centre at (", number("%.2f", seen.shift_x), ", ", number("%.2f", seen.shift_y), ")"));
  say(seen.bend >= 0.005, cat("bent by ", number("%.2f", seen.bend)));
  say(seen.outside >= 0.005, cat(number("%.0f", 100 * seen.outside), "% outside"));
  return out.empty() ? "as it is" : out;
}

Tensor identity_penalty(const Warp& warp, const Tensor& theta) {
  const int n = warp.theta_size();
  require(theta.is_per_sample() && theta.size() == n,
          "[identity_penalty] theta must be per-sample ", warp.theta_shape(), " for ", warp.name(),
          ", got ", theta);
  const Tensor identity = Tensor::zeros({n});
  std::ranges::copy(warp.identity(), identity.data());
  const Tensor away = theta.reshape({n}) - identity;
  return mean(away * away);
}

}  // namespace fovea
