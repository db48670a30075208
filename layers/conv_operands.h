// A convolution's operands as its kernels want them.
#pragma once

#include <cstdint>

#include "core/per_step.h"
#include "core/tensor.h"
#include "layers/conv_geometry.h"
#include "layers/extent2.h"

namespace fovea {

struct WinogradForm;

/// The input, padded when a kernel first wants it padded.
class ConvInput {
 public:
  ConvInput(const Tensor& x, Extent2 padding) : plain_(x.detach()), padding_(padding) {}
  const Tensor& plain() const { return plain_; }
  const Tensor& padded() const;
  /// As large as that, of zeros.
  Tensor padded_zeros() const;
  Extent2 padding() const { return padding_; }

 private:
  Tensor plain_;
  Extent2 padding_;
  mutable Tensor padded_;
};

/// dx += the part of a gradient of the padded input that is not padding.
void add_unpadded(const Tensor& from, Extent2 padding, const Tensor& dx);

/// Transformed weights, made once a step where `weight` is a parameter. The tensor must outlive it.
class ConvWeights {
 public:
  explicit ConvWeights(const Tensor& weight);
  const Real* data() const { return weight_.data(); }

  const Real* of_group(const ConvGeometry& g, int group) const {
    return data() + static_cast<long>(group) * g.out * g.taps();
  }

  /// winograd_weights() of group `group` of a convolution.
  SharedValues winograd(const ConvGeometry& g, const WinogradForm& form, int group = 0) const;

 private:
  Tensor weight_;
  std::uint64_t leaf_;  // 0: the result of an operation
};

}  // namespace fovea
