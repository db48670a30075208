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

/// The projective map that takes the image's corners there (Heckbert 1989). They must be convex.
void locate_quadrangle(Resampler& resampler, const Shape& in, const Quadrangle& corners);

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
  // Row `i` of the shares of four points.
  void add_moves(int i, const std::array<float, 2>* moves, std::size_t first, float factor,
                 Resampler& resampler) const;

  Shape in_, canvas_;
  int stride_ = 0;
  std::vector<float> basis_;  // [points, H, stride]: the share of a point's move in each pixel's
};

}  // namespace fovea
