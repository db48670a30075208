#include "data/distort_maps.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/blas.h"

namespace fovea {

namespace {

constexpr int lanes = Resampler::lanes;

// x = a + b j + c i for pixel (j, i), and the same for y.
struct Affine {
  double x, xj, xi, y, yj, yi;
};

// What a linear function grows by from column to column; divided by once for all rows.
struct Slope {
  double step, inverse;
  explicit Slope(double s) : step(std::abs(s) < 1e-9 ? 1e-9 : s), inverse(1 / step) {}
};

// The columns where linear functions are positive.
struct Columns {
  double first = 0, last = 1e9;

  /// start + step j > 0
  void keep(double start, const Slope& slope) {
    const double zero = -start * slope.inverse;
    if (slope.step > 0)
      first = std::max(first, zero);
    else
      last = std::min(last, zero);
  }
};

// A column more than needed at each end, since places are rounded.
void locate_only(Resampler& resampler, int i, const Columns& columns) {
  resampler.locate_only(i, columns.first - 1, columns.last + 1);
}

// Beyond it a row has no ink.
void skip_blank(Resampler& resampler, const Affine& a) {
  if (!resampler.knows_ink()) return;
  const auto [left, top, right, bottom] = resampler.ink();
  const Slope xj(a.xj), against_xj(-a.xj), yj(a.yj), against_yj(-a.yj);
  for (int i = 0; i < resampler.height(); ++i) {
    const double x = a.x + a.xi * i, y = a.y + a.yi * i;
    Columns columns;
    columns.keep(x - left, xj), columns.keep(right - x, against_xj);
    columns.keep(y - top, yj), columns.keep(bottom - y, against_yj);
    locate_only(resampler, i, columns);
  }
}

void locate_affine(Resampler& resampler, const Affine& a) {
  const float xj = static_cast<float>(a.xj), yj = static_cast<float>(a.yj);
  for (int i = 0; i < resampler.height(); ++i) {
    const float x0 = static_cast<float>(a.x + a.xi * i), y0 = static_cast<float>(a.y + a.yi * i);
    float* __restrict x = resampler.x(i);
    float* __restrict y = resampler.y(i);
    const int first = resampler.first(i), count = (resampler.last(i) - first) / lanes * lanes;
    for (int j = first; j < first + count; ++j) {
      const float at = static_cast<float>(j);
      x[j] = x0 + xj * at;
      y[j] = y0 + yj * at;
    }
  }
}

// Twice the area of the triangle at a corner.
double turn(const Quadrangle& q, std::size_t k) {
  const auto &a = q[(k + 3) % 4], &b = q[k], &c = q[(k + 1) % 4];
  return (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0]);
}

// r^2 log r^2, the kernel of thin-plate splines.
double kernel(double dx, double dy) {
  const double square = dx * dx + dy * dy;
  return square > 0 ? square * std::log(square) : 0;
}

}  // namespace

void locate_similarity(Resampler& resampler, const Shape& in, const Similarity& s) {
  const double c = std::cos(s.angle) / s.scale, n = std::sin(s.angle) / s.scale;
  const double x0 = -(resampler.width() - 1) / 2.0 - s.x;
  const double y0 = -(resampler.height() - 1) / 2.0 - s.y;
  const Affine map = {c * x0 + n * y0 + (in[2] - 1) / 2.0, c,  n,
                      c * y0 - n * x0 + (in[1] - 1) / 2.0, -n, c};
  skip_blank(resampler, map);
  locate_affine(resampler, map);
}

bool is_convex(const Quadrangle& corners, double least) {
  for (std::size_t k = 0; k < 4; ++k)
    if (!(turn(corners, k) > least)) return false;
  return true;
}

void locate_quadrangle(Resampler& resampler, const Shape& in, const Quadrangle& q, double reach) {
  // From the unit square to the quadrangle, and back by the adjoint matrix.
  const auto [x0, y0] = q[0];
  const auto [x1, y1] = q[1];
  const auto [x2, y2] = q[2];
  const auto [x3, y3] = q[3];
  const double dx1 = x1 - x2, dx2 = x3 - x2, sx = x0 - x1 + x2 - x3;
  const double dy1 = y1 - y2, dy2 = y3 - y2, sy = y0 - y1 + y2 - y3;
  const double det = dx1 * dy2 - dx2 * dy1;
  const double g = (sx * dy2 - dx2 * sy) / det, h = (dx1 * sy - sx * dy1) / det;
  const double a = x1 - x0 + g * x1, b = x3 - x0 + h * x3, c = x0;
  const double d = y1 - y0 + g * y1, e = y3 - y0 + h * y3, f = y0;
  double u[3] = {e - f * h, c * h - b, b * f - c * e};
  double v[3] = {f * g - d, a - c * g, c * d - a * f};
  double w[3] = {d * h - e * g, b * g - a * h, a * e - b * d};
  const double middle = w[0] * (x0 + x2) / 2 + w[1] * (y0 + y2) / 2 + w[2];
  for (int k = 0; k < 3; ++k) {
    w[k] /= middle;
    u[k] = in[2] * (reach * u[k] / middle + (1 - reach) / 2 * w[k]);
    v[k] = in[1] * (reach * v[k] / middle + (1 - reach) / 2 * w[k]);
  }

  // left < u / w - 1/2 < right, times w; a little wider, since places are rounded.
  const Resampler::Ink ink = resampler.ink();
  const double left = ink.left + 0.49, right = ink.right + 0.51;
  const double top = ink.top + 0.49, bottom = ink.bottom + 0.51;
  const Slope left_of(u[0] - left * w[0]), right_of(right * w[0] - u[0]);
  const Slope above(v[0] - top * w[0]), below(bottom * w[0] - v[0]);
  const float uj = static_cast<float>(u[0]), vj = static_cast<float>(v[0]);
  const float wj = static_cast<float>(w[0]);
  for (int i = 0; i < resampler.height(); ++i) {
    // Centres of pixels are half a pixel from their corners.
    const auto start = [&](const double* m) {
      return static_cast<float>(m[0] * 0.5 + m[1] * (i + 0.5) + m[2]);
    };
    const float u0 = start(u), v0 = start(v), w0 = start(w);
    if (resampler.knows_ink()) {
      const double x = static_cast<double>(u0), y = static_cast<double>(v0);
      const double weight = static_cast<double>(w0);
      Columns columns;
      columns.keep(x - left * weight, left_of), columns.keep(right * weight - x, right_of);
      columns.keep(y - top * weight, above), columns.keep(bottom * weight - y, below);
      locate_only(resampler, i, columns);
    }
    const int first = resampler.first(i), count = (resampler.last(i) - first) / lanes * lanes;
    float* __restrict x = resampler.x(i);
    float* __restrict y = resampler.y(i);
    for (int j = first; j < first + count; ++j) {
      const float at = static_cast<float>(j), weight = w0 + wj * at;
      const float behind = weight > 0 ? 0.0f : -1e6f;  // beyond the horizon
      const float divisor = weight > 1e-6f ? weight : 1e-6f;
      x[j] = (u0 + uj * at) / divisor - 0.5f + behind;
      y[j] = (v0 + vj * at) / divisor - 0.5f;
      x[j] = behind < 0 ? behind : x[j];
    }
  }
}

SplineField::SplineField(const Shape& in, const Shape& canvas) : in_(in), canvas_(canvas) {
  // In units of the image's sides, from its middle.
  const auto control = [](int k) { return static_cast<double>(k) / (side - 1) - 0.5; };
  constexpr std::size_t size = points + 3;
  std::vector<double> system(size * size), solved(size * points);
  for (std::size_t p = 0; p < points; ++p) {
    const double px = control(static_cast<int>(p) % side), py = control(static_cast<int>(p) / side);
    for (std::size_t q = 0; q < points; ++q)
      system[p * size + q] = kernel(px - control(static_cast<int>(q) % side),
                                    py - control(static_cast<int>(q) / side));
    const double affine[] = {1, px, py};
    for (std::size_t k = 0; k < 3; ++k)
      system[p * size + points + k] = system[(points + k) * size + p] = affine[k];
    solved[p * points + p] = 1;
  }
  solve(size, points, system.data(), solved.data());

  blocks_ = (canvas[2] + lanes - 1) / lanes;
  const int all = canvas[1] * blocks_;
  basis_.resize(static_cast<std::size_t>(all * points * lanes));
  reach_.resize(static_cast<std::size_t>(points * all));
  for (int i = 0; i < canvas[1]; ++i)
    for (int j = 0; j < canvas[2]; ++j) {
      const double x = (j - (canvas[2] - 1) / 2.0) / in[2], y = (i - (canvas[1] - 1) / 2.0) / in[1];
      double terms[points + 3] = {};
      for (int p = 0; p < points; ++p)
        terms[p] = kernel(x - control(p % side), y - control(p / side));
      terms[points] = 1, terms[points + 1] = x, terms[points + 2] = y;
      for (int p = 0; p < points; ++p) {
        double share = 0;
        for (std::size_t k = 0; k < points + 3; ++k)
          share += terms[k] * solved[k * points + static_cast<std::size_t>(p)];
        const int block = i * blocks_ + j / lanes;
        basis_[static_cast<std::size_t>((block * points + p) * lanes + j % lanes)] =
            static_cast<float>(share);
        float& reach = reach_[static_cast<std::size_t>(p * all + block)];
        reach = std::max(reach, static_cast<float>(std::abs(share)));
      }
    }
}

void SplineField::locate(Resampler& resampler, const Moves& moves, double scale) const {
  if (resampler.knows_ink()) skip_blank(resampler, moves, scale);
  const double inverse_scale = 1 / scale;
  locate_affine(resampler,
                {(in_[2] - 1) / 2.0 - (canvas_[2] - 1) / 2.0 * inverse_scale, inverse_scale, 0,
                 (in_[1] - 1) / 2.0 - (canvas_[1] - 1) / 2.0 * inverse_scale, 0, inverse_scale});
  const float factor = static_cast<float>(inverse_scale);
  for (int i = 0; i < canvas_[1]; ++i)
    for (int j = resampler.first(i); j < resampler.last(i); j += lanes)
      for (std::size_t p = 0; p < points; p += 4)
        add_moves(static_cast<std::size_t>(i * blocks_ + j / lanes), &moves[p], p, factor,
                  resampler.x(i) + j, resampler.y(i) + j);
}

// A vector of columns may see ink where it would see the ink's box without the spline, widened by
// how far the spline can move any of them.
void SplineField::skip_blank(Resampler& resampler, const Moves& moves, double scale) const {
  const std::size_t all = static_cast<std::size_t>(canvas_[1] * blocks_);
  std::vector<float> furthest(2 * all);  // x, then y
  float* __restrict far_x = furthest.data();
  float* __restrict far_y = far_x + all;
  for (std::size_t p = 0; p < points; ++p) {
    const float* __restrict reach = &reach_[p * all];
    const float x = std::abs(moves[p][0]), y = std::abs(moves[p][1]);
    for (std::size_t k = 0; k < all; ++k) {
      far_x[k] += x * reach[k];
      far_y[k] += y * reach[k];
    }
  }
  // In pixels of the canvas, about its middle; a little wider, since places are rounded.
  const auto [left, top, right, bottom] = resampler.ink();
  const double x = ((left + right) - (in_[2] - 1)) / 2 * scale, y0 = (in_[1] - 1) / 2.0;
  const double half_x = (right - left) / 2 * scale + (lanes - 1) / 2.0 + 0.1;
  const double y = ((top + bottom) / 2 - y0) * scale, half_y = (bottom - top) / 2 * scale + 0.1;
  for (int i = 0; i < canvas_[1]; ++i) {
    const double down = std::abs(i - (canvas_[1] - 1) / 2.0 - y) - half_y;
    int first = blocks_, last = -1;
    for (int b = 0; b < blocks_; ++b) {
      const auto k = static_cast<std::size_t>(i * blocks_ + b);
      const double across =
          std::abs(b * lanes + (lanes - 1) / 2.0 - (canvas_[2] - 1) / 2.0 - x) - half_x;
      if (across > static_cast<double>(far_x[k]) || down > static_cast<double>(far_y[k])) continue;
      first = std::min(first, b), last = b;
    }
    resampler.locate_only(i, first * lanes, last < 0 ? -1 : last * lanes + lanes - 1);
  }
}

// Four points at once: fewer loads and stores of the sums.
void SplineField::add_moves(std::size_t block, const std::array<float, 2>* moves, std::size_t first,
                            float factor, float* __restrict x, float* __restrict y) const {
  const float* __restrict a = &basis_[(block * points + first) * lanes];
  const float* __restrict b = a + lanes;
  const float* __restrict c = b + lanes;
  const float* __restrict d = c + lanes;
  const float ax = moves[0][0] * factor, bx = moves[1][0] * factor;
  const float cx = moves[2][0] * factor, dx = moves[3][0] * factor;
  const float ay = moves[0][1] * factor, by = moves[1][1] * factor;
  const float cy = moves[2][1] * factor, dy = moves[3][1] * factor;
  for (int j = 0; j < lanes; ++j) {
    x[j] += ax * a[j] + bx * b[j] + cx * c[j] + dx * d[j];
    y[j] += ay * a[j] + by * b[j] + cy * c[j] + dy * d[j];
  }
}

}  // namespace fovea
