#include "data/sweep.h"

#include <cmath>

#include "core/random.h"

namespace fovea {

namespace {

constexpr double pi = 3.14159265358979323846;

// Whole multiples of `step`, so that 0 and 1 are among them exactly.
std::vector<double> range(int first, int last, double step) {
  std::vector<double> values;
  for (int i = first; i <= last; ++i) values.push_back(i * step);
  return values;
}

Similarity turned(double degrees, int) {
  return {.angle = degrees * pi / 180, .scale = 1, .x = 0, .y = 0};
}
Similarity scaled(double factor, int) {
  return {.angle = 0, .scale = factor, .x = 0, .y = 0};
}
Similarity shifted(double pixels, int index) {
  constexpr std::uint64_t directions = 0x7377656570;
  const double angle =
      Random(mix(directions, static_cast<std::uint64_t>(index))).uniform(0, 2 * pi);
  return {.angle = 0, .scale = 1, .x = pixels * std::cos(angle), .y = pixels * std::sin(angle)};
}

}  // namespace

const std::vector<Sweep>& sweeps() {
  static const std::vector<Sweep> all = {
      {"rotation", "degrees, clockwise", range(-12, 12, 7.5), turned},
      {"scale", "times", range(4, 16, 0.1), scaled},
      {"shift", "pixels", range(0, 14, 1), shifted},
  };
  return all;
}

Dataset swept(const Dataset& base, const Sweep& sweep, double value, int height, int width) {
  const Shape& in = base.image_shape;
  Resampler resampler(in, height, width);
  Dataset out = base;
  out.image_shape = {in[0], height, width};
  const auto length = static_cast<std::size_t>(out.image_shape.size());
  out.pixels.assign(static_cast<std::size_t>(base.size()) * length, 0);
  for (int i = 0; i < base.size(); ++i) {
    locate_similarity(resampler, in, sweep.at(value, i));
    resampler(base.image(i).data(), &out.pixels[static_cast<std::size_t>(i) * length]);
  }
  return out;
}

}  // namespace fovea
