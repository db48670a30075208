#include "data/ground.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace fovea {

namespace {

constexpr int terms = Ground::terms;
using Terms = std::array<double, terms>;

// The surface's terms at pixel (x, y), coordinates running from -1 to 1.
Terms terms_at(const Image& image, int x, int y) {
  const double u = (2.0 * x + 1) / image.width - 1, v = (2.0 * y + 1) / image.height - 1;
  return {1, u, v, u * u, u * v, v * v};
}

double dot(const Terms& a, const Terms& b) {
  double sum = 0;
  for (int i = 0; i < terms; ++i) sum += a[i] * b[i];
  return sum;
}

// Least squares through the normal equations; `used` terms only. A little damping keeps pictures
// of a single row or column solvable.
struct SurfaceFit {
  double matrix[terms][terms] = {};
  Terms right = {};
  double count = 0;

  void add(const Terms& t, double value) {
    for (int i = 0; i < terms; ++i) {
      right[i] += t[i] * value;
      for (int j = 0; j < terms; ++j) matrix[i][j] += t[i] * t[j];
    }
    ++count;
  }

  Terms solve(int used) const {
    double m[terms][terms + 1];
    for (int i = 0; i < used; ++i) {
      std::copy(matrix[i], matrix[i] + used, m[i]);
      m[i][i] += 1e-6 * (count + 1);
      m[i][used] = right[i];
    }
    // Gauss-Jordan; the matrix is positive definite and needs no pivoting.
    for (int k = 0; k < used; ++k)
      for (int i = 0; i < used; ++i) {
        const double factor = m[i][k] / m[k][k];
        for (int j = k; j <= used && i != k; ++j) m[i][j] -= factor * m[k][j];
      }
    Terms surface = {};
    for (int i = 0; i < used; ++i) surface[i] = m[i][used] / m[i][i];
    return surface;
  }
};

// Refits the surface to the pixels (all, or those of the border) that lie near it.
void refit(const Image& image, bool border_only, int used, double tolerance, Ground& ground) {
  const int margin_x = std::max(1, image.width / 32), margin_y = std::max(1, image.height / 32);
  const int step = border_only ? 1 : std::max(1, std::min(image.width, image.height) / 128);
  SurfaceFit fit;
  double squares = 0, seen = 0;
  for (int y = 0; y < image.height; y += step)
    for (int x = 0; x < image.width; x += step) {
      const bool inside = x >= margin_x && x < image.width - margin_x && y >= margin_y &&
                          y < image.height - margin_y;
      if (border_only && inside) continue;
      const Terms t = terms_at(image, x, y);
      const double value = image.pixels[std::size_t(y) * image.width + x];
      const double off = value - dot(t, ground.surface);
      ++seen;
      if (std::abs(off) > tolerance) continue;
      fit.add(t, value);
      squares += off * off;
    }
  // Where the digit fills the picture, the border knows better.
  if (fit.count < 0.3 * seen) return;
  ground.surface = fit.solve(used);
  ground.noise = std::sqrt(squares / std::max(1.0, fit.count));
}

Ground fit_ground(const Image& image) {
  std::vector<std::uint8_t> border;
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x)
      if (x == 0 || y == 0 || x == image.width - 1 || y == image.height - 1)
        border.push_back(image.pixels[std::size_t(y) * image.width + x]);
  const auto middle = border.begin() + static_cast<std::ptrdiff_t>(border.size() / 2);
  std::nth_element(border.begin(), middle, border.end());
  Ground ground;
  ground.surface[0] = *middle;
  for (const double tolerance : {80.0, 50.0, 30.0}) refit(image, true, 3, tolerance, ground);
  for (int round = 0; round < 4; ++round)
    refit(image, false, terms, std::max(8.0, 3 * ground.noise), ground);
  return ground;
}

// Share of the pixels that lie on the ground; of the middle, or of all.
double share_on(const Image& image, const Ground& ground, bool middle) {
  const int cut_x = middle ? image.width / 5 : 0, cut_y = middle ? image.height / 5 : 0;
  double on = 0, seen = 0;
  for (int y = cut_y; y < image.height - cut_y; ++y)
    for (int x = cut_x; x < image.width - cut_x; ++x, ++seen)
      on += std::abs(off_ground(image, x, y, ground)) <= 20;
  return on / std::max(1.0, seen);
}

// The ground as the middle of the picture knows it: its commonest level, 16 wide.
Ground fit_middle(const Image& image) {
  std::array<int, 256> histogram = {};
  for (int y = image.height / 5; y < image.height - image.height / 5; ++y)
    for (int x = image.width / 5; x < image.width - image.width / 5; ++x)
      ++histogram[image.pixels[std::size_t(y) * image.width + x]];
  int best = -1, level = 0;
  for (std::size_t first = 0; first + 16 <= histogram.size(); ++first) {
    int sum = 0;
    for (std::size_t i = first; i < first + 16; ++i) sum += histogram[i];
    if (sum > best) best = sum, level = static_cast<int>(first) + 8;
  }
  Ground ground;
  ground.surface[0] = level;
  for (int round = 0; round < 4; ++round)
    refit(image, false, round == 0 ? 1 : terms, std::max(20.0, 3 * ground.noise), ground);
  return ground;
}

// Whether a sheet lies on something else, or in a frame: what the border shows is rare inside, and
// something is written there: a solid block is thick ink.
bool is_surrounded(const Image& image, const Ground& border, const Ground& middle) {
  if (std::abs(border.surface[0] - middle.surface[0]) <= 20) return false;
  const double outer = share_on(image, border, true);
  const double inner = share_on(image, middle, true);
  return inner < 0.999 && inner > 1.5 * outer &&
         (outer < 0.03 || share_on(image, middle, false) > share_on(image, border, false));
}

}  // namespace

double off_ground(const Image& image, int x, int y, const Ground& ground) {
  return image.pixels[std::size_t(y) * image.width + x] -
         dot(terms_at(image, x, y), ground.surface);
}

Ground find_ground(const Image& grey, bool& surrounded) {
  const Ground border = fit_ground(grey), middle = fit_middle(grey);
  surrounded = is_surrounded(grey, border, middle);
  return surrounded ? middle : border;
}

}  // namespace fovea
