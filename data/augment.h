// Random variations of training images.
#pragma once

#include <cstdint>
#include <vector>

#include "core/random.h"
#include "core/shape.h"

namespace fovea {

/// How far images may be varied; zeros leave them as they are. Each number is a range: the value
/// of one image is uniform in [-x, x].
struct Augmentation {
  double shift = 0;     ///< pixels, to the side and up or down; at most 1024
  double rotation = 0;  ///< degrees about the centre; at most 180
  double scale = 0;     ///< fraction: 0.1 is a factor of 0.9 to 1.1; at most 0.5
  double shear = 0;     ///< degrees of slant; at most 45
  double elastic = 0;   ///< largest displacement in pixels, see Augmenter; at most 100
  double erase = 0;     ///< probability that one rectangle is blanked
  bool flip = false;    ///< left and right are swapped in half of the images

  /// Whether anything is varied at all.
  bool any() const;
};

/// Varies images of one shape. Holds working memory, so each thread needs its own.
///
/// Flip, scale, rotation, shear, shift and elastic distortion are one resampling with bilinear
/// interpolation in 16.16 fixed point. Beyond the edge, an image of one channel is 0 and one of
/// more continues its edge pixels.
///
/// The elastic distortion stands for the smoothed random fields of Simard, Steinkraus and Platt,
/// "Best Practices for Convolutional Neural Networks" (2003): 7 x 7 random displacements, uniform
/// in [-elastic, elastic], weight cubic B-splines whose knots are a quarter of the image apart. On
/// 28 x 28 pixels that is as smooth as their sigma = 4. No pixel moves further than `elastic` along
/// an axis; the root mean square is 0.28 of it, and their alpha = 34 is about elastic = 5.
///
/// Erasing follows Zhong et al., "Random Erasing Data Augmentation" (2017): one rectangle of 2 % to
/// 20 % of the area and an aspect ratio of 0.3 to 3.3, filled with 0 in an image of one channel and
/// with one random colour otherwise.
class Augmenter {
 public:
  /// `image_shape` is [C, H, W], sides at most 1024. Error: another shape, a value out of range.
  Augmenter(const Augmentation& augmentation, Shape image_shape);

  /// Reads one image of C * H * W bytes at `in`, writes its variation to `out`; they must not
  /// overlap. Depends on the image and `random` alone. Numbers are drawn for what is in use, in
  /// this order: flip, scale, rotation, shear, shift in x, in y, elastic, erase.
  void operator()(const std::uint8_t* in, std::uint8_t* out, Random random);

 private:
  // Input coordinates of output pixel (j, i): (x + xj * j + xi * i, y + yj * j + yi * i), in
  // 1/65536 pixel.
  struct Affine {
    std::int32_t x, xj, xi, y, yj, yi;
    bool operator==(const Affine&) const = default;
  };

  Affine draw_affine(Random& random) const;
  void draw_field(Random& random);
  void displacement_of_row(int row);
  void pack(const std::uint8_t* plane);
  void locate_row(const Affine& affine, int row, int slot);
  void resample_rows(std::uint8_t* out, int rows);
  void erase(std::uint8_t* out, Random& random) const;

  Augmentation options_;
  int channels_ = 0, height_ = 0, width_ = 0;
  int columns_ = 0;                   // the width in whole vectors
  int stride_ = 0;                    // the width and the frame in whole vectors
  std::vector<std::uint8_t> padded_;  // one plane inside a frame of zeros
  std::vector<std::int32_t> quads_;   // per channel: 2 x 2 pixels in one word
  // A band of output rows, few enough for the first-level cache.
  int band_ = 0;
  std::vector<std::int32_t> index_, weight_x_, weight_y_;  // which quad, and 256 times its weights
  std::vector<std::int32_t> quad_;
  std::vector<std::uint8_t> blend_;
  std::vector<float> spline_x_, spline_y_;     // B-spline weights, [8, stride], [H, 8]
  std::vector<float> field_;                   // displacements of the grid, [2, 8, 8]
  std::vector<std::int32_t> move_x_, move_y_;  // displacements of one row
};

}  // namespace fovea
