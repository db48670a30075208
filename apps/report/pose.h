// What a transformer does in words that people have for it: turn, slant, size and shift.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "apps/networks/inspect.h"
#include "apps/report/curves.h"
#include "apps/run/frames.h"
#include "apps/run/log.h"
#include "layers/warp_map.h"

namespace fovea {

/// Of the region that is sampled: how far it is turned (degrees, clockwise on the screen), slanted
/// (degrees), whether it is mirrored (left and right exchanged before that; of several: the share
/// of them), its size (1: as the image), where its middle lies (pixels from the image's, to the
/// right and down), how far it is bent (pixels, root mean square) and which share of it lies
/// outside of the image.
struct Pose {
  double rotation = 0, slant = 0, mirrored = 0, size = 1, shift_x = 0, shift_y = 0, bend = 0,
         outside = 0;
};

/// The pose of one transform of any family, by the affine map nearest to it; `input` is [C, H, W].
Pose pose_of(const Warp& warp, std::span<const Real> theta, const Shape& input);
Pose pose_of(const WarpReading& reading, const Shape& input);

/// Over several images. Turns are a circle: of 179 and -179 degrees the mean is 180, the spread 1.
struct PoseSummary {
  Pose mean, spread;  ///< standard deviation
};
PoseSummary summary_of(std::span<const Pose> poses);

/// "turn -1.2 ± 12.4°, size 0.92 ± 0.05, shift (0.3 ± 1.1, -0.2 ± 0.9) px, 3% outside": mean ±
/// spread; what changes nothing is left out, "as it is" if that is all.
std::string in_words(const PoseSummary& summary);

/// The summary as values of a log: "theta_rotation", "theta_rotation_spread", ...; those of
/// transformers behind the first, `number` 2 and so on, are named "theta2_rotation".
std::vector<LogField> log_fields(const PoseSummary& summary, int number = 1);
/// What log_fields() of the first transformer wrote; nothing if the line does not have it.
std::optional<PoseSummary> logged_summary(const LogLine& line);

/// One list of thetas a transformer, from those one behind the other that a frame has. Throws Error
/// if their number does not fit.
std::vector<Theta> split_thetas(const std::vector<Real>& joined, const std::vector<Stage>& stages);

/// Mean and spread (standard deviation) of the poses of the first transformer over the images of
/// each frame: theta.svg (turn and slant), theta-size.svg, theta-shift.svg, theta-outside.svg. None
/// without frames.
std::vector<RunChart> pose_charts(const Model& model, const std::vector<TrainingFrame>& frames);

}  // namespace fovea
