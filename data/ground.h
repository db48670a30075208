// The paper of a picture: a surface fitted to its grey levels; part of find_ink().
#pragma once

#include <array>

#include "data/image.h"

namespace fovea {

struct Ground {
  static constexpr int terms = 6;
  std::array<double, terms> surface = {};  ///< of 1, u, v, uu, uv, vv; u and v run from -1 to 1
  double noise = 0;                        ///< standard deviation around the surface
};

/// How much lighter than the ground the pixel is.
double off_ground(const Image& grey, int x, int y, const Ground& ground);

/// A quadratic surface fitted to the pixels that agree with it, first along the border; or, where
/// the border's level is rare in the middle (a sheet on a desk, a frame, the dark edge of a scan:
/// `surrounded`), to the middle's commonest level.
Ground find_ground(const Image& grey, bool& surrounded);

}  // namespace fovea
