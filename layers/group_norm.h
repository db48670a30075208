// Group normalisation (Wu and He 2018). Batch normalisation is not here: it mixes samples, and an
// operation sees only the sixteen of its tile.
#pragma once

#include "layers/module.h"

namespace fovea {

/// Normalises x, per-sample [C, ...], over each of `groups` groups of channels of each sample:
/// y = (x - mean) / sqrt(variance + eps) * weight[c] + bias[c], with the biased variance.
/// `weight` and `bias` are shared [C]; either may be undefined (1 and 0). One group is layer
/// normalisation over the sample, C groups are instance normalisation. Throws when C is not
/// divisible by `groups`, the shapes do not fit, x is empty, or eps is negative or not finite.
Tensor group_norm(const Tensor& x, int groups, const Tensor& weight, const Tensor& bias,
                  Real eps = Real(1e-5));

struct GroupNormOptions {
  int groups;
  int channels;
  Real eps = Real(1e-5);
  bool affine = true;  ///< learns weight (initially 1) and bias (0)
};

class GroupNorm : public Module {
 public:
  using Options = GroupNormOptions;
  explicit GroupNorm(const Options& options);
  Tensor forward(const Tensor& x) const override;
  std::string describe() const override;

 private:
  Options options_;
  SharedTensor weight_, bias_;
};

}  // namespace fovea
