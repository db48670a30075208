// Maps from the pixels of a canvas to those of a digit, written into a Resampler.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "core/shape.h"
#include "data/resample.h"

namespace fovea {

/// The middle of an image of shape `in`, [C, H, W], turned and scaled about the middle of the
/// canvas and then shifted, in pixels.
struct Similarity {
  double angle, scale, x, y;  ///< radians; a factor; to the right; down
};
void locate_similarity(Resampler& resampler, const Shape& in, const Similarity& similarity);

/// Corners on the canvas, in pixels from its top left corner: where the image's top left, top
/// right, bottom right and bottom left corners go.
using Quadrangle = std::array<std::array<double, 2>, 4>;

/// Whether it is convex and turns as those of an upright image, with twice the area `least`, in
/// square pixels, at each corner.
bool is_convex(const Quadrangle& corners, double least = 0);

/// The projective map that takes there the corners of the image made `reach` times as large about
/// its middle (Heckbert 1989). They must be convex.
void locate_quadrangle(Resampler& resampler, const Shape& in, const Quadrangle& corners,
                       double reach = 1);

/// Thin-plate splines (Bookstein 1989) through a grid of control points.
class SplineField {
 public:
  static constexpr int side = 4, points = side * side;
  using Moves = std::array<std::array<float, 2>, points>;  ///< x, y of each point, row by row

  /// The control points are spread from edge to edge over an image of shape `in` in the middle of
  /// the canvas, both [C, H, W].
  SplineField(const Shape& in, const Shape& canvas);

  /// A canvas pixel looks in the image where it would without distortion, moved by the spline that
  /// moves the points by `moves` pixels, in the image scaled by `scale`.
  void locate(Resampler& resampler, const Moves& moves, double scale) const;

 private:
  void skip_blank(Resampler& resampler, const Moves& moves, double scale) const;
  // Of four points' moves, for a vector of columns.
  void add_moves(std::size_t block, const std::array<float, 2>* moves, std::size_t first,
                 float factor, float* x, float* y) const;

  Shape in_, canvas_;
  int blocks_ = 0;            // whole vectors of columns, a row
  std::vector<float> basis_;  // [H, blocks, points, lanes]: a point's share in each pixel's move
  std::vector<float> reach_;  // [points, H, blocks]: the largest of them in size
};

}  // namespace fovea
