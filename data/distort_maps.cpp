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

void locate_affine(Resampler& resampler, const Affine& a) {
  const int columns = resampler.stride() / lanes * lanes;
  const float xj = static_cast<float>(a.xj), yj = static_cast<float>(a.yj);
  for (int i = 0; i < resampler.height(); ++i) {
    const float x0 = static_cast<float>(a.x + a.xi * i), y0 = static_cast<float>(a.y + a.yi * i);
    float* __restrict x = resampler.x(i);
    float* __restrict y = resampler.y(i);
    for (int j = 0; j < columns; ++j) {
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
  locate_affine(resampler, {c * x0 + n * y0 + (in[2] - 1) / 2.0, c, n,
                            c * y0 - n * x0 + (in[1] - 1) / 2.0, -n, c});
}

bool is_convex(const Quadrangle& corners, double least) {
  for (std::size_t k = 0; k < 4; ++k)
    if (!(turn(corners, k) > least)) return false;
  return true;
}

void locate_quadrangle(Resampler& resampler, const Shape& in, const Quadrangle& q) {
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
  for (int k = 0; k < 3; ++k) u[k] *= in[2] / middle, v[k] *= in[1] / middle, w[k] /= middle;

  const int columns = resampler.stride() / lanes * lanes;
  const float uj = static_cast<float>(u[0]), vj = static_cast<float>(v[0]);
  const float wj = static_cast<float>(w[0]);
  for (int i = 0; i < resampler.height(); ++i) {
    // Centres of pixels are half a pixel from their corners.
    const auto start = [&](const double* m) {
      return static_cast<float>(m[0] * 0.5 + m[1] * (i + 0.5) + m[2]);
    };
    const float u0 = start(u), v0 = start(v), w0 = start(w);
    float* __restrict x = resampler.x(i);
    float* __restrict y = resampler.y(i);
    for (int j = 0; j < columns; ++j) {
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

  stride_ = (canvas[2] + lanes - 1) / lanes * lanes;
  const int pixels = canvas[1] * stride_;
  basis_.resize(static_cast<std::size_t>(points * pixels));
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
        basis_[static_cast<std::size_t>(p * pixels + i * stride_ + j)] = static_cast<float>(share);
      }
    }
}

void SplineField::locate(Resampler& resampler, const Moves& moves, double scale) const {
  const double inverse_scale = 1 / scale;
  locate_affine(resampler,
                {(in_[2] - 1) / 2.0 - (canvas_[2] - 1) / 2.0 * inverse_scale, inverse_scale, 0,
                 (in_[1] - 1) / 2.0 - (canvas_[1] - 1) / 2.0 * inverse_scale, 0, inverse_scale});
  const float factor = static_cast<float>(inverse_scale);
  for (int i = 0; i < canvas_[1]; ++i)
    for (std::size_t p = 0; p < points; p += 4) add_moves(i, &moves[p], p, factor, resampler);
}

// Four points at once: fewer loads and stores of the sums.
void SplineField::add_moves(int i, const std::array<float, 2>* moves, std::size_t first,
                            float factor, Resampler& resampler) const {
  const std::size_t pixels = static_cast<std::size_t>(canvas_[1] * stride_);
  const float* __restrict a = &basis_[first * pixels + static_cast<std::size_t>(i * stride_)];
  const float* __restrict b = a + pixels;
  const float* __restrict c = b + pixels;
  const float* __restrict d = c + pixels;
  const float ax = moves[0][0] * factor, bx = moves[1][0] * factor;
  const float cx = moves[2][0] * factor, dx = moves[3][0] * factor;
  const float ay = moves[0][1] * factor, by = moves[1][1] * factor;
  const float cy = moves[2][1] * factor, dy = moves[3][1] * factor;
  float* __restrict x = resampler.x(i);
  float* __restrict y = resampler.y(i);
  const int columns = stride_ / lanes * lanes;
  for (int j = 0; j < columns; ++j) {
    x[j] += ax * a[j] + bx * b[j] + cx * c[j] + dx * d[j];
    y[j] += ay * a[j] + by * b[j] + cy * c[j] + dy * d[j];
  }
}

}  // namespace fovea
