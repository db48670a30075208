// Where things are: points and boxes of a transformer's output in its input and the other way
// round, and what a theta means in words. For any family of transforms and one sample's theta.
// Coordinates are normalised: (-1, -1) is the upper left corner of a frame, (1, 1) the lower right.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "layers/warp.h"

namespace fovea {

/// The theta that undoes `theta`, so that map(invert(theta), map(theta, p)) is p, where the family
/// has one: affine and its subgroups unless singular (to the rounding of theta), homographies, a
/// pose within its bounds. None for splines and flows, whose inverse is no such map; map_back()
/// inverts those point by point.
inline std::optional<std::vector<Real>> invert(const Warp& warp, std::span<const Real> theta) {
  return warp.inverse(theta);
}

/// The point of the output that looks at the input's point `at`: the inverse of Warp::map(), by
/// Warp::inverse() or else by Newton's method. None where none was found: it may lie beyond a fold
/// or a horizon.
std::optional<WarpPoint> map_back(const Warp& warp, std::span<const Real> theta,
                                  const WarpPoint& at);

/// Sides parallel to the axes.
struct WarpBox {
  Real left = -1, top = -1, right = 1, bottom = 1;  ///< by default the whole frame
};

/// The box in the input around what the output's `box` looks at. (Exact where straight lines stay
/// straight, else to the sixteenth part of an edge.)
WarpBox map_box(const Warp& warp, std::span<const Real> theta, const WarpBox& box = {});

/// The box in the output around where the input's `box` appears; none where map_back() of a point
/// of its border is none.
std::optional<WarpBox> map_box_back(const Warp& warp, std::span<const Real> theta,
                                    const WarpBox& box = {});

/// What a theta does, whatever the family: the affine map nearest to it over the frame.
struct WarpReading {
  double angle = 0;                 ///< degrees, clockwise: how the sampled window is turned
  bool mirrored = false;            ///< its left and right are exchanged before that
  double slant = 0;                 ///< degrees that its sides lean away from upright on its base
  double scale = 1;                 ///< its size, 1 being that of the input
  double shift_x = 0, shift_y = 0;  ///< its centre, in half widths and heights of the input
  double bend = 0;                  ///< how far it is from that affine map, root mean square
  double outside = 0;               ///< share of its points that lie outside of the input
};
/// `aspect` is the input's width / height: angles are those that one sees.
WarpReading read_theta(const Warp& warp, std::span<const Real> theta, double aspect = 1);
/// The same for a tile's theta, per sample with warp.theta_size() elements: one for each lane.
std::vector<WarpReading> read_thetas(const Warp& warp, const Tensor& theta, double aspect = 1);

/// The same as a phrase: "mirrored, turned by 12 degrees, 0.80 times the size, centre at (0.10,
/// -0.05), 3% outside"; what changes nothing is left out, "as it is" if that is all.
std::string in_words(const Warp& warp, std::span<const Real> theta);

/// Per sample []: the mean over theta's elements of their squared distance from the identity's.
Tensor identity_penalty(const Warp& warp, const Tensor& theta);

}  // namespace fovea
