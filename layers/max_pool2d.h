// Max pooling.
#pragma once

#include "layers/extent2.h"
#include "layers/module.h"

namespace fovea {

struct MaxPool2dOptions {
  Extent2 kernel;
  Extent2 stride = 0;  ///< 0: the kernel's size
  Extent2 padding = 0;
  Extent2 dilation = 1;
  bool ceil_mode = false;  ///< windows may reach beyond the end
};

/// The maximum over windows of `x`, per sample [C, H, W]; the result is [C, oH, oW] with
/// oH = (H + 2 padding - dilation (kernel - 1) - 1) / stride + 1, rounded down, or up in ceil_mode
/// (see window_count). Padding never wins; a window that meets nothing else gives -infinity. Among
/// equal values the first of the window takes the gradient, as in PyTorch; a NaN wins. Throws Error
/// when x is empty, the window does not fit or padding exceeds half the kernel.
Tensor max_pool2d(const Tensor& x, const MaxPool2dOptions& options);

class MaxPool2d : public Module {
 public:
  using Options = MaxPool2dOptions;
  explicit MaxPool2d(const MaxPool2dOptions& options);
  Tensor forward(const Tensor& x) const override { return max_pool2d(x, options_); }
  std::string describe() const override;
  const MaxPool2dOptions& options() const { return options_; }

 private:
  MaxPool2dOptions options_;
};

}  // namespace fovea
