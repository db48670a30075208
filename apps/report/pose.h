// What a transformer does in words that people have for it: turn, slant, size and shift.
#pragma once

#include <span>
#include <vector>

#include "apps/networks/inspect.h"
#include "apps/report/curves.h"
#include "apps/run/frames.h"

namespace fovea {

/// Of the region that is sampled, around its middle: how far it is turned (degrees, clockwise on
/// the screen), slanted (degrees), its size (1: as the image) and where its middle lies (pixels
/// from the image's, to the right and down).
struct Pose {
  double rotation = 0, slant = 0, size = 1, shift_x = 0, shift_y = 0;
};

/// The pose of one transform of any family, near the middle of its output; `input` is [C, H, W].
Pose pose_of(const Warp& warp, std::span<const Real> theta, const Shape& input);

/// One list of thetas a transformer, from those one behind the other that a frame has. Throws Error
/// if their number does not fit.
std::vector<Theta> split_thetas(const std::vector<Real>& joined, const std::vector<Stage>& stages);

/// Mean and spread (standard deviation) of the poses of the first transformer over the images of
/// each frame: theta.svg (turn and slant), theta-size.svg, theta-shift.svg. None without frames.
std::vector<RunChart> pose_charts(const Model& model, const std::vector<TrainingFrame>& frames);

}  // namespace fovea
