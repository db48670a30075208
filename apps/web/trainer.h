// Training on drawn digits, tilted at random, a few steps at a time.
#pragma once

#include <cstdint>
#include <vector>

#include "data/augment.h"
#include "data/dataset.h"
#include "layers/module.h"
#include "optim/adam.h"

namespace fovea::web {

/// Batch `i` depends on the seed and `i` alone, so that every build trains to the same bits.
class Trainer {
 public:
  /// `network`, which must outlive this, takes images [1, 28, 28].
  Trainer(Module& network, std::uint64_t seed);

  /// The mean loss of `steps` updates, 1 or more. The rate is `lr` at first, and falls with the
  /// square root of the steps.
  double train(int steps, double lr);
  /// The share of test digits that are read.
  double accuracy() const;
  const Dataset& test() const { return digits_.test; }  ///< tilted, and always the same

 private:
  double step(double lr);

  Module& network_;
  std::uint64_t seed_;
  DataSplit digits_;
  Augmenter augmenter_;
  AdamW optimizer_;
  std::vector<std::uint8_t> pixels_;
  std::vector<std::int32_t> labels_;
};

}  // namespace fovea::web
