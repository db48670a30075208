#include "apps/web/seen.h"

#include <algorithm>
#include <cmath>

#include "apps/networks/evaluate.h"
#include "core/step.h"
#include "layers/spatial_transformer.h"
#include "layers/warp_map.h"

namespace fovea::web {

namespace {

std::uint8_t to_byte(Real normalised) {
  const Real value = 255 * (normalised * Real(stddev) + Real(mean));
  return static_cast<std::uint8_t>(value > 0 ? std::min(value, Real(255)) + Real(0.5) : 0);
}

// Writes what lies at sample `i` of the lists of Seen.
template <class T>
T* at_sample(std::vector<T>& list, int i, int each) {
  return &list[static_cast<std::size_t>(i) * static_cast<std::size_t>(each)];
}

// `warp` is null for a network without a transformer.
void note_warp(const Warp* warp, std::span<const Real> theta, int sample, Seen& seen) {
  float* net = at_sample(seen.net, sample, net_size);
  for (int i = 0; i < net_points * net_points; ++i) {
    const auto at = [](int k) { return Real(2 * k) / (net_points - 1) - 1; };
    const WarpPoint point{at(i % net_points), at(i / net_points)};
    for (const Real place : warp ? warp->map(theta, point) : point)
      *net++ = static_cast<float>((place + 1) / 2);
  }
  const WarpReading r = warp ? read_theta(*warp, theta) : WarpReading{};
  double* reading = at_sample(seen.readings, sample, reading_size);
  for (const double part : {r.angle, r.scale, r.shift_x, r.shift_y, r.bend}) *reading++ = part;
}

void note(const Tensor& log_probs, const Tile& tile, const std::vector<Transformation>& warps,
          Seen& seen) {
  const Tensor& shown = warps.empty() ? tile.images : warps[0].output;
  const int area = seen.side * seen.side;
  require(shown.size() == area && log_probs.size() == classes,
          "the page shows networks of ten classes, got ", log_probs, " of ", shown);
  for (int lane = 0; lane < tile.valid; ++lane) {
    const int sample = tile.first + lane;
    for (int c = 0; c < classes; ++c)
      at_sample(seen.probabilities, sample, classes)[c] =
          static_cast<float>(std::exp(log_probs[c][lane]));
    for (int i = 0; i < area; ++i)
      at_sample(seen.images, sample, area)[i] = to_byte(shown[i][lane]);
    std::vector<Real> theta;
    for (int k = 0; !warps.empty() && k < warps[0].theta.size(); ++k)
      theta.push_back(warps[0].theta[k][lane]);
    note_warp(warps.empty() ? nullptr : &warps[0].transformer->warp(), theta, sample, seen);
  }
}

}  // namespace

Batch batch_of(std::span<const std::uint8_t> images, int count, int side) {
  static const std::vector<float> means{mean}, stddevs{stddev};
  Batch batch;
  batch.size = count;
  batch.image_shape = {1, side, side};
  batch.pixels = images;
  batch.mean = means;
  batch.stddev = stddevs;
  return batch;
}

Seen look(Module& network, int side, std::span<const std::uint8_t> images) {
  const EvalMode evaluation(network);
  const auto count = images.size() / static_cast<std::size_t>(side * side);
  Seen seen;
  const auto transformers = spatial_transformers(network);
  const int own = transformers.empty() ? 0 : transformers[0]->options().height;
  seen.side = own > 0 ? own : side;
  seen.probabilities.resize(count * classes);
  seen.images.resize(count * static_cast<std::size_t>(seen.side * seen.side));
  seen.net.resize(count * net_size);
  seen.readings.resize(count * reading_size);
  for_each_tile(batch_of(images, static_cast<int>(count), side), [&](const Tile& tile) {
    const TransformerObserver observer;
    const Tensor log_probs = network(tile.images);
    note(log_probs, tile, observer.seen, seen);
  });
  return seen;
}

}  // namespace fovea::web
