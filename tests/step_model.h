// A little network and its data, for the tests of steps and memory.
#pragma once

#include <cstdint>
#include <vector>

#include "core/random.h"
#include "core/step.h"
#include "layers/activations.h"
#include "layers/arithmetic.h"
#include "layers/dropout.h"
#include "layers/flatten.h"
#include "layers/group_norm.h"
#include "layers/init.h"
#include "layers/losses.h"
#include "layers/matmul.h"

namespace fovea::testing {

/// `size` random images [2, 3, 2] of three classes; `batch` views them.
struct StepData {
  explicit StepData(int size, std::uint64_t seed = 1) {
    Random rng(seed);
    for (int i = 0; i < size * 12; ++i) pixels.push_back(static_cast<std::uint8_t>(rng.below(256)));
    for (int i = 0; i < size; ++i) labels.push_back(static_cast<int>(rng.below(3)));
    batch = {.size = size,
             .image_shape = {2, 3, 2},
             .pixels = pixels,
             .labels = labels,
             .mean = mean,
             .stddev = stddev,
             .seed = seed};
  }
  std::vector<std::uint8_t> pixels;
  std::vector<std::int32_t> labels;
  std::vector<float> mean = {0.5f, 0.25f}, stddev = {0.25f, 0.5f};
  Batch batch;
};

/// Group norm, dropout and two fully connected layers.
class StepModel {
 public:
  explicit StepModel(Real dropout = Real(0.25)) : dropout_(dropout) {
    Random rng(3);
    for (Tensor* weight : {&scale, &w1, &b1, &w2, &b2}) {
      fill_uniform(*weight, rng, -0.5, 0.5);
      weight->set_requires_grad();
    }
  }

  Tensor operator()(const Tile& tile) const {
    Tensor h = group_norm(tile.images, 1, scale, {});
    if (dropout_ > 0) h = dropout2d(h, dropout_);
    h = relu(matmul(w1, flatten(h)) + b1);
    if (dropout_ > 0) h = dropout(h, dropout_);
    return cross_entropy(matmul(w2, h) + b2, tile.labels);
  }
  /// For train_step.
  const StepModel& loss() const { return *this; }

  std::vector<Tensor> parameters() const { return {scale, w1, b1, w2, b2}; }
  /// Gradients of all parameters, one after the other.
  std::vector<Real> gradients() const {
    std::vector<Real> out;
    for (const Tensor& p : parameters()) {
      const Tensor grad = p.grad();
      if (grad) out.insert(out.end(), grad.values().begin(), grad.values().end());
    }
    return out;
  }

  Tensor scale = Tensor::shared({2}), w1 = Tensor::shared({8, 12}), b1 = Tensor::shared({8});
  Tensor w2 = Tensor::shared({3, 8}), b2 = Tensor::shared({3});

 private:
  Real dropout_;
};

}  // namespace fovea::testing
