// A network, an optimiser and random images: all that a training step needs.
#pragma once

#include <cstdint>
#include <vector>

#include "apps/bench/bench.h"
#include "core/step.h"
#include "layers/losses.h"
#include "optim/sgd.h"

namespace fovea::bench {

struct Rig {
  Rig(const std::string& network, int batch)
      : net(make_bench_network(network)), optimizer(net->parameters(), {.lr = 0.01}) {
    const Shape input = bench_input(network);
    const int images = batch * std::max(1, 1024 / batch);
    pixels.resize(static_cast<std::size_t>(images) * input.size());
    for (std::uint8_t& pixel : pixels) pixel = static_cast<std::uint8_t>(rng.below(256));
    labels.resize(images);
    for (std::int32_t& label : labels) label = static_cast<std::int32_t>(rng.below(10));
    mean.assign(input[0], 0.5F);
    stddev.assign(input[0], 0.3F);
    view.size = batch;
    view.image_shape = input;
    view.mean = mean;
    view.stddev = stddev;
  }

  /// The next batch; they come round.
  const Batch& next() {
    const std::size_t first = static_cast<std::size_t>(count++) * view.size % labels.size();
    const std::size_t image = view.image_shape.size();
    view.pixels = std::span(pixels).subspan(first * image, view.size * image);
    view.labels = std::span(labels).subspan(first, view.size);
    view.seed = count;
    return view;
  }

  double step() {
    const double loss = train_step(
        next(), [&](const Tile& tile) { return nll_loss((*net)(tile.images), tile.labels); });
    optimizer.step();
    return loss;
  }

  void evaluate() {
    for_each_tile(next(), [&](const Tile& tile) { (*net)(tile.images); });
  }

  Random rng{1};
  std::unique_ptr<Module> net;
  Sgd optimizer;
  std::vector<std::uint8_t> pixels;
  std::vector<std::int32_t> labels;
  std::vector<float> mean, stddev;
  Batch view;
  std::uint64_t count = 0;
};

}  // namespace fovea::bench
