// Two-dimensional convolution (cross-correlation, as everywhere in the field).
#pragma once

#include "core/random.h"
#include "layers/conv_geometry.h"
#include "layers/extent2.h"
#include "layers/module.h"

namespace fovea {

struct Conv2dOptions {
  int in;
  int out;
  Extent2 kernel;
  Extent2 stride = 1;
  Extent2 padding = 0;
  Extent2 dilation = 1;
  int groups = 1;
  bool bias = true;
};

/// Convolution of `x`, per sample [in, H, W], with `weight`, shared [out, in / groups, kH, kW],
/// plus `bias`, shared [out] or none. The result is per sample [out, oH, oW], oH = (H + 2 padding -
/// dilation (kH - 1) - 1) / stride + 1, rounded down. Throws Error when shapes do not fit.
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
              const Conv2dOptions& options);

/// relu(conv2d(x, ...)), with the values of that pair, in one pass. A chain of these layers
/// (layers/chain.h) runs so by itself.
Tensor conv_relu(const Tensor& x, const Tensor& weight, const Tensor& bias,
                 const Conv2dOptions& options);

/// The checked geometry of one group of that convolution.
ConvGeometry conv2d_geometry(const Tensor& x, const Tensor& weight, const Tensor& bias,
                             const Conv2dOptions& options);

/// conv2d with parameters of its own, initialised as PyTorch does.
class Conv2d : public Module {
 public:
  using Options = Conv2dOptions;
  Conv2d(const Conv2dOptions& options, Random& rng);

  Tensor forward(const Tensor& x) const override { return conv2d(x, weight_, bias_, options_); }
  std::string describe() const override;
  /// Takes ReLU along, and 2x2 max pooling with it: layers/conv_pool.h.
  Fused fuse(std::span<const Module* const> followers) const override;

  const Conv2dOptions& options() const { return options_; }
  const SharedTensor& weight() const { return weight_; }
  const SharedTensor& bias() const { return bias_; }

 private:
  Conv2dOptions options_;
  SharedTensor weight_, bias_;
};

}  // namespace fovea
