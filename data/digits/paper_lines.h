// Ruled and squared paper, boxes, underlines: straight lines across a picture; part of find_ink().
#pragma once

#include "data/digits/components.h"

namespace fovea {

struct RemovedLines {
  int count = 0;
  bool nothing_else = false;  ///< the ink is a box or a grid (which stays) and nothing else
};

/// Takes lines out of the ink that are nearly level or upright (up to 6 degrees) and longer than a
/// third of the picture, where what stays is a mark whose strokes are as thick, or thicker; and
/// where a line is as thick as those, only if it goes beyond that mark on both sides, as a box and
/// ruled paper do: with others like it, or across the picture. Where strokes cross a line they stay
/// whole.
RemovedLines remove_lines(Mask& mask);

}  // namespace fovea
