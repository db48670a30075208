// Bilinear sampling of 8-bit images at places of one's own.
#pragma once

#include <cstdint>
#include <vector>

#include "core/shape.h"

namespace fovea {

/// Samples images [C, H, W] of one shape. Beyond their edge is 0. Holds working memory, so each
/// thread needs its own.
class Resampler {
 public:
  /// From images of shape `in` to `height` x `width` pixels; all sides 1 to 1024, or Error.
  Resampler(const Shape& in, int height, int width);

  /// Where the pixels of output row `i` come from, in pixels of the input: (0, 0) is the centre of
  /// its top left pixel. stride() floats each; those from the width on are ignored. A value that is
  /// not a number is outside.
  float* x(int i) { return &x_[static_cast<std::size_t>(i * stride_)]; }
  float* y(int i) { return &y_[static_cast<std::size_t>(i * stride_)]; }
  int stride() const { return stride_; }  ///< a multiple of `lanes`
  int height() const { return height_; }
  int width() const { return width_; }

  static constexpr int lanes = 16;  ///< `n / lanes * lanes` tells the compiler of no remainder

  /// Writes C * height * width bytes to `out`.
  void operator()(const std::uint8_t* in, std::uint8_t* out);

 private:
  void pack(const std::uint8_t* plane);
  void sample_row(int i, std::uint8_t* out);

  int channels_, in_height_, in_width_, height_, width_;
  int stride_, padded_stride_;
  std::vector<std::uint8_t> padded_;  // a plane of the input inside a frame of zeros
  std::vector<std::int32_t> quads_;   // 2 x 2 of its pixels in one word
  std::vector<float> x_, y_;
  std::vector<std::int32_t> index_, weight_x_, weight_y_, quad_;  // of a row
  std::vector<std::uint8_t> blend_;
};

}  // namespace fovea
