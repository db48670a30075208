// How a sampler reads an image: plain numbers, for operations and kernels alike.
#pragma once

#include "core/lanes.h"

namespace fovea {

enum class Interpolation {
  bilinear,  ///< of a volume trilinear, as PyTorch calls it too
  nearest,   ///< half-way cases go to the even pixel; no gradient to the grid
  bicubic,   ///< PyTorch's, a = -0.75 (Keys 1981): sharper, overshoots at edges; images only
};
enum class Padding {
  zeros,       ///< outside the image is GridSampleOptions::fill
  border,      ///< outside repeats the nearest pixel of the border
  reflection,  ///< outside mirrors the image
};

/// PyTorch's names: "bilinear", "zeros"...
constexpr const char* name_of(Interpolation mode) {
  return mode == Interpolation::nearest   ? "nearest"
         : mode == Interpolation::bicubic ? "bicubic"
                                          : "bilinear";
}
constexpr const char* name_of(Padding padding) {
  return padding == Padding::zeros ? "zeros" : padding == Padding::border ? "border" : "reflection";
}

struct GridSampleOptions {
  Interpolation mode = Interpolation::bilinear;
  Padding padding = Padding::zeros;
  bool align_corners = false;
  Real fill = 0;  ///< value outside the image for Padding::zeros. On normalised images 0 is grey:
                  ///< the background is (0 - mean) / stddev
};

}  // namespace fovea
