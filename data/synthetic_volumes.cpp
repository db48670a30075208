#include "data/synthetic_volumes.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "core/random.h"
#include "core/workers.h"
#include "data/synthetic.h"

namespace fovea {

namespace {

using Point = std::array<double, 3>;  // (x, y, z) in [-1, 1]
using Matrix = std::array<Point, 3>;

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix out{};
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 3; ++j)
      for (std::size_t k = 0; k < 3; ++k) out[i][j] += a[i][k] * b[k][j];
  return out;
}

// A turn in the plane of axes i and j.
Matrix turn(std::size_t i, std::size_t j, double angle) {
  Matrix m{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  m[i][i] = m[j][j] = std::cos(angle);
  m[i][j] = -std::sin(angle), m[j][i] = std::sin(angle);
  return m;
}

// The digit at (x, y), between its pixels; black outside.
double ink(std::span<const std::uint8_t> image, int height, int width, double x, double y) {
  const double column = (x + 1) * width / 2 - 0.5, row = (y + 1) * height / 2 - 0.5;
  const int left = static_cast<int>(std::floor(column)), top = static_cast<int>(std::floor(row));
  double sum = 0;
  for (int i : {top, top + 1})
    for (int j : {left, left + 1})
      if (i >= 0 && i < height && j >= 0 && j < width)
        sum += (1 - std::abs(row - i)) * (1 - std::abs(column - j)) *
               image[static_cast<std::size_t>(i * width + j)];
  return sum;
}

void draw(std::span<const std::uint8_t> image, const Shape& shape, const VolumeOptions& o,
          Random rng, std::uint8_t* voxels) {
  Point centre{};
  for (double& shift : centre) shift = rng.uniform(-o.shift, o.shift);
  std::array<double, 3> angles{};
  for (double& angle : angles) angle = rng.uniform(-o.turn, o.turn) * std::numbers::pi / 180;
  const Matrix pose =
      product(turn(0, 1, angles[0]), product(turn(0, 2, angles[1]), turn(1, 2, angles[2])));
  constexpr double half_thickness = 0.2;
  const auto place = [&](int i) { return (2 * i + 1.0) / o.size - 1; };
  for (int d = 0; d < o.size; ++d)
    for (int h = 0; h < o.size; ++h)
      for (int w = 0; w < o.size; ++w) {
        const Point at = {place(w) - centre[0], place(h) - centre[1], place(d) - centre[2]};
        Point body{};  // the same place in the digit's own coordinates
        for (std::size_t i = 0; i < 3; ++i)
          for (std::size_t j = 0; j < 3; ++j) body[i] += pose[i][j] * at[j];
        // Faces are as soft as a voxel is wide.
        const double solid =
            std::clamp((half_thickness - std::abs(body[2])) * o.size / 2 + 0.5, 0.0, 1.0);
        *voxels++ = solid == 0 ? 0
                               : static_cast<std::uint8_t>(std::lround(
                                     solid * ink(image, shape[1], shape[2], body[0], body[1])));
      }
}

// Digits become volumes; `set` tells training and test volumes apart.
void solidify(Dataset& digits, const VolumeOptions& o, std::uint64_t set) {
  const int voxels = o.size * o.size * o.size;
  std::vector<std::uint8_t> volumes(static_cast<std::size_t>(digits.size()) * voxels);
  run_tasks(digits.size(), [&](int i) {
    draw(digits.image(i), digits.image_shape, o,
         Random(mix(mix(o.seed, set), static_cast<std::uint64_t>(i))),
         &volumes[static_cast<std::size_t>(i) * voxels]);
  });
  digits.name = "drawn digits as volumes";
  digits.pixels = std::move(volumes);
  digits.image_shape = {o.size, o.size, o.size};
}

}  // namespace

DataSplit synthetic_volumes(const VolumeOptions& o) {
  require(o.size >= 4 && o.size <= 128, "volumes: the size must be 4 to 128 voxels, got ", o.size);
  require(o.turn >= 0 && o.turn <= 180, "volumes: the turn must be 0 to 180 degrees, got ", o.turn);
  require(o.shift >= 0 && o.shift <= 1, "volumes: the shift must be 0 to 1, got ", o.shift);
  DataSplit split = synthetic_digits({.train = o.train, .test = o.test, .seed = o.seed});
  solidify(split.train, o, 1);
  solidify(split.test, o, 2);
  // Not those of each slice: a slice is no channel.
  for (Dataset* set : {&split.train, &split.test}) {
    const auto slices = static_cast<std::size_t>(o.size);
    set->mean.assign(slices, 0);
    set->stddev.assign(slices, 1);
  }
  return split;
}

}  // namespace fovea
