#include "tests/replay.h"

#include "layers/losses.h"
#include "optim/adam.h"
#include "optim/sgd.h"

namespace fovea::testing {

namespace {

template <class Options>
Options adam_options(const nlohmann::json& o) {
  Options options{.lr = o.at("lr").get<double>()};
  options.weight_decay = o.value("weight_decay", 0.0);
  options.eps = o.value("eps", options.eps);
  if (o.contains("betas")) options.betas = o["betas"].get<std::array<double, 2>>();
  return options;
}

}  // namespace

std::unique_ptr<Module> tutorial_network(Random& rng) {
  const NetworkKind& kind = find_network("tutorial");
  return kind.make({kind.input, 10, kind.options}, rng);
}

Transformation transformation_of(const Module& net, const Tensor& images) {
  const TransformerObserver observer;
  net(images);
  return observer.seen.at(0);
}

std::unique_ptr<Optimizer> make_optimizer(const std::string& name, const nlohmann::json& o,
                                          const std::vector<Tensor>& parameters) {
  if (name.starts_with("sgd"))
    return std::make_unique<Sgd>(parameters,
                                 SgdOptions{.lr = o.at("lr").get<double>(),
                                            .momentum = o.value("momentum", 0.0),
                                            .dampening = o.value("dampening", 0.0),
                                            .weight_decay = o.value("weight_decay", 0.0),
                                            .nesterov = o.value("nesterov", false)});
  if (name == "adamw") return std::make_unique<AdamW>(parameters, adam_options<AdamWOptions>(o));
  require(name.starts_with("adam"), "no optimiser ", name);
  return std::make_unique<Adam>(parameters, adam_options<AdamOptions>(o));
}

double replay_gradients(const Module& net, const Batch& batch) {
  return train_step(batch,
                    [&](const Tile& tile) { return nll_loss(net(tile.images), tile.labels); });
}

double replay_step(const Module& net, const Batch& batch, Optimizer& optimizer) {
  const double loss = replay_gradients(net, batch);
  optimizer.step();
  return loss;
}

}  // namespace fovea::testing
