#include "apps/web/trainer.h"

#include <algorithm>
#include <cmath>

#include "apps/networks/evaluate.h"
#include "apps/web/seen.h"
#include "core/step.h"
#include "data/synthetic.h"
#include "layers/losses.h"
#include "layers/spatial_transformer.h"
#include "optim/clip.h"

namespace fovea::web {

namespace {

constexpr int side = 28, batch_size = 32, train_digits = 8000, test_digits = 500;
constexpr Augmentation tilts{.shift = 2, .rotation = 40, .scale = 0.3};

// The localisation network learns at a smaller rate, or it runs away before the classifier can tell
// it where to look.
std::vector<ParameterGroup> groups_of(const Module& network) {
  ParameterGroup localization{.parameters = {}, .lr_scale = 0.5, .name = "localization"};
  ParameterGroup rest{.parameters = {}, .name = "classifier"};
  for (const SpatialTransformer* transformer : spatial_transformers(network))
    for (const Tensor& p : transformer->localization_parameters())
      localization.parameters.push_back(p);
  for (const Tensor& p : network.parameters()) {
    const auto same = [&](const Tensor& q) { return q.data() == p.data(); };
    if (std::none_of(localization.parameters.begin(), localization.parameters.end(), same))
      rest.parameters.push_back(p);
  }
  std::vector<ParameterGroup> groups{std::move(rest)};
  if (!localization.parameters.empty()) groups.push_back(std::move(localization));
  return groups;
}

}  // namespace

Trainer::Trainer(Module& network, std::uint64_t seed)
    : network_(network),
      seed_(seed),
      digits_(synthetic_digits({.train = train_digits, .test = test_digits, .seed = seed})),
      augmenter_(tilts, {1, side, side}),
      optimizer_(groups_of(network)),
      pixels_(batch_size * side * side),
      labels_(batch_size) {
  Dataset& test = digits_.test;
  const std::vector<std::uint8_t> upright = test.pixels;
  for (int i = 0; i < test.size(); ++i) {
    const auto at = static_cast<std::size_t>(i) * side * side;
    augmenter_(&upright[at], &test.pixels[at],
               Random(mix(mix(seed, 1), static_cast<std::uint64_t>(i))));
  }
}

double Trainer::step(double lr) {
  const auto number = static_cast<std::uint64_t>(optimizer_.steps());
  const Random order(mix(mix(seed_, 2), number));
  Random draws = order;
  for (std::size_t i = 0; i < batch_size; ++i) {
    const auto digit = static_cast<int>(draws.below(train_digits));
    labels_[i] = digits_.train.labels[static_cast<std::size_t>(digit)];
    augmenter_(digits_.train.image(digit).data(), &pixels_[i * side * side],
               Random(mix(order.seed(), i + 1)));
  }
  Batch batch = batch_of(pixels_, batch_size, side);
  batch.labels = labels_;
  batch.seed = mix(mix(seed_, 3), number);
  const double loss = train_step(
      batch, [&](const Tile& tile) { return nll_loss(network_(tile.images), tile.labels); });
  require(std::isfinite(loss) && std::isfinite(clip_grad_norm(network_.parameters(), 5)),
          "training: the loss or a gradient is not finite; start anew with a smaller rate");
  optimizer_.set_learning_rate(lr / std::sqrt(1 + static_cast<double>(number) / 400));
  optimizer_.step();
  return loss;
}

double Trainer::train(int steps, double lr) {
  require(steps >= 1, "training: takes 1 step or more, got ", steps);
  network_.train();
  double sum = 0;
  for (int i = 0; i < steps; ++i) sum += step(lr);
  return sum / steps;
}

double Trainer::accuracy() const {
  const EvalMode evaluation(network_);
  Batch batch = batch_of(digits_.test.pixels, test_digits, side);
  batch.labels = digits_.test.labels;
  std::vector<int> correct(static_cast<std::size_t>(tile_count(test_digits)));
  for_each_tile(batch, [&](const Tile& tile) {
    correct[static_cast<std::size_t>(tile.index)] = count_correct(network_(tile.images), tile);
  });
  int sum = 0;
  for (const int part : correct) sum += part;
  return static_cast<double>(sum) / test_digits;
}

}  // namespace fovea::web
