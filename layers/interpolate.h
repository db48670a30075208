// Images in another size.
#pragma once

#include "layers/extent2.h"
#include "layers/module.h"

namespace fovea {

enum class InterpolateMode { nearest, bilinear, bicubic };

const char* name_of(InterpolateMode mode);  ///< as PyTorch has it

/// Factors in two directions; one number means both.
struct Scale2 {
  double h, w;
  constexpr Scale2(double both) : h(both), w(both) {}
  constexpr Scale2(double height, double width) : h(height), w(width) {}
};

struct InterpolateOptions {
  Extent2 size = 0;         ///< of the result, or
  Scale2 scale_factor = 0;  ///< times the input's, rounded down
  InterpolateMode mode = InterpolateMode::nearest;
  bool align_corners = false;  ///< not with nearest: centres of corner pixels fall on each other
};

/// x, per-sample [C, H, W], in the size that options say: torch.nn.functional.interpolate, without
/// antialiasing. bicubic has A = -0.75 (Keys 1981) and may leave the range of the input. With
/// scale_factor pixels are exactly its inverse apart, whatever the size was rounded to; but one
/// that leaves the size as it is (not with bicubic), or with nearest doubles it, does just that.
/// Throws when x is empty, both or none of size and factor are given, or align_corners with
/// nearest.
Tensor interpolate(const Tensor& x, const InterpolateOptions& options);

class Upsample : public Module {
 public:
  using Options = InterpolateOptions;
  explicit Upsample(const Options& options);
  Tensor forward(const Tensor& x) const override { return interpolate(x, options_); }
  std::string describe() const override;

 private:
  Options options_;
};

}  // namespace fovea
