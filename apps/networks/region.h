// Where transformers look: the region of the network's input that a stage samples, as a net.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "apps/networks/inspect.h"

namespace fovea {

/// What a stage samples of the image, traced back through those before it. Points are in the
/// image's pixels, (0, 0) being its upper left corner; feature maps stand for the whole image.
/// Empty where theta is not finite.
struct SampledRegion {
  /// Where the output's upper left, upper right, lower right and lower left corners are.
  std::array<Point, 4> corners = {};
  /// Closed; begins at the first corner. The four corners, or more points where edges bend or the
  /// output is not spread evenly, as by homographies.
  std::vector<Point> outline = {};
  /// Then also lines within: quarters of the output, three down and three across.
  std::vector<std::vector<Point>> net = {};
};

/// Of `stage` for one image's `thetas`, one a stage; `input` is the image's shape.
SampledRegion sampled_region(const std::vector<Stage>& stages, std::span<const Theta> thetas,
                             int stage, const Shape& input);

}  // namespace fovea
