// A convolution's weights as its kernels want them.
#pragma once

#include <cstdint>

#include "core/per_step.h"
#include "core/tensor.h"
#include "layers/conv_geometry.h"

namespace fovea {

struct WinogradForm;

/// Transformed weights, made once a step where `weight` is a parameter. The tensor must outlive it.
class ConvWeights {
 public:
  explicit ConvWeights(const Tensor& weight);
  const Real* data() const { return weight_.data(); }

  /// winograd_weights() of group `group` of a convolution.
  SharedValues winograd(const ConvGeometry& g, const WinogradForm& form, int group = 0) const;

 private:
  Tensor weight_;
  std::uint64_t leaf_;  // 0: the result of an operation
};

}  // namespace fovea
