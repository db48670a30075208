// What the replays of PyTorch's training steps share (test_replay.cpp, test_interop.cpp).
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/networks/network.h"
#include "core/step.h"
#include "layers/spatial_transformer.h"
#include "optim/optimizer.h"

namespace fovea::testing {

/// The tutorial's network for MNIST.
std::unique_ptr<Module> tutorial_network(Random& rng);

/// What the network's transformer did to a tile.
Transformation transformation_of(const Module& net, const Tensor& images);

/// The optimiser that a replay calls `name`, with PyTorch's names of options.
std::unique_ptr<Optimizer> make_optimizer(const std::string& name, const nlohmann::json& options,
                                          const std::vector<Tensor>& parameters);

/// One training step of the tutorial's network on `batch`; returns the loss before it.
double replay_step(const Module& net, const Batch& batch, Optimizer& optimizer);

/// The mean loss and its gradients, without a step.
double replay_gradients(const Module& net, const Batch& batch);

}  // namespace fovea::testing
