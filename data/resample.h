// Bilinear sampling of 8-bit images at places of one's own.
#pragma once

#include <array>
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

  /// What comes next is this image; a locator may then leave out what is 0 all the same.
  void look_at(const std::uint8_t* in);

  /// Only places right of `left`, left of `right` and so on can be anything but 0. Everywhere until
  /// look_at().
  struct Ink {
    double left, top, right, bottom;
  };
  bool knows_ink() const { return knows_ink_; }
  Ink ink() const { return {left_ - 1.0, top_ - 1.0, 1.0 * right_, 1.0 * bottom_}; }
  /// Columns `first` to `last` (whole vectors, clipped) of row `i` are located; what is beside them
  /// is 0. By default all are; to be said again for each image.
  void locate_only(int i, double first, double last);
  int first(int i) const { return spans_[static_cast<std::size_t>(i)][0]; }
  int last(int i) const { return spans_[static_cast<std::size_t>(i)][1]; }  ///< beyond the last

  /// Where the pixels of output row `i` come from, in pixels of the input: (0, 0) is the centre of
  /// its top left pixel. stride() floats each; those from the width on are ignored. A value that is
  /// not a number is outside.
  float* x(int i) { return &x_[static_cast<std::size_t>(i * stride_)]; }
  float* y(int i) { return &y_[static_cast<std::size_t>(i * stride_)]; }
  int stride() const { return stride_; }  ///< a multiple of `lanes`
  int height() const { return height_; }
  int width() const { return width_; }

  static constexpr int lanes = 16;  ///< `n / lanes * lanes` tells the compiler of no remainder

  /// Writes C * height * width bytes to `out`. After look_at() `in` must be the same image.
  void operator()(const std::uint8_t* in, std::uint8_t* out);

 private:
  void frame(const std::uint8_t* in);
  void pack();
  void pack_plane(const std::uint8_t* plane, std::int32_t* quads);
  void find_ink();
  void sample_row(int i, const std::int32_t* quads, std::uint8_t* out);

  int channels_, in_height_, in_width_, height_, width_;
  int stride_, padded_stride_;
  bool knows_ink_ = false;
  int left_ = 0, top_ = 0, right_ = 0, bottom_ = 0;  // of what is not 0; beyond the last
  std::vector<std::uint64_t> columns_;               // all rows or-ed, eight pixels a word
  std::vector<std::array<int, 2>> spans_;            // of output rows
  std::vector<std::uint8_t> padded_;  // the input, each channel inside a frame of zeros
  std::vector<std::int32_t> quads_;   // 2 x 2 of its pixels in one word, for each channel
  std::vector<float> x_, y_;
  std::vector<std::int32_t> index_, weight_x_, weight_y_, quad_;  // of a row
  std::vector<std::uint8_t> blend_;
};

}  // namespace fovea
