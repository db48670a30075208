// Average pooling, with a fixed window or a fixed output size.
#pragma once

#include "layers/extent2.h"
#include "layers/module.h"

namespace fovea {

struct AvgPool2dOptions {
  Extent2 kernel;
  Extent2 stride = 0;  ///< 0: the kernel's size
  Extent2 padding = 0;
  bool count_include_pad = true;  ///< divide by the window's size also where it meets padding
  bool ceil_mode = false;         ///< windows may reach beyond the end; that is never counted
};

/// The mean over windows of x, per-sample [C, H, W]; [C, H', W'] with
/// H' = floor((H + 2 padding - kernel) / stride) + 1, or rounded up in ceil_mode (see
/// window_count). Throws when a window does not fit, and for kernel or stride < 1 or padding >
/// kernel / 2.
Tensor avg_pool2d(const Tensor& x, const AvgPool2dOptions& options);

/// [C, height, width]: bin i of n over an extent H is the mean of floor(i H / n) up to and without
/// ceil((i + 1) H / n), as in PyTorch. Throws when x is empty or of other dimensions, or a size
/// < 1.
Tensor adaptive_avg_pool2d(const Tensor& x, int height, int width);

class AvgPool2d : public Module {
 public:
  using Options = AvgPool2dOptions;
  explicit AvgPool2d(const Options& options);
  Tensor forward(const Tensor& x) const override { return avg_pool2d(x, options_); }
  std::string describe() const override;

 private:
  Options options_;
};

class AdaptiveAvgPool2d : public Module {
 public:
  AdaptiveAvgPool2d(int height, int width);
  Tensor forward(const Tensor& x) const override { return adaptive_avg_pool2d(x, height_, width_); }
  std::string describe() const override;

 private:
  int height_, width_;
};

}  // namespace fovea
