// Coordinates mirrored into an image, for all samplers.
#pragma once

#include <cmath>

#include "core/lanes.h"

namespace fovea {

// Mirrors `v` into [low, high], a span of the axis; `slope` changes sign with each mirroring.
inline void reflect(Real low, Real high, Real& v, Real& slope) {
  const Real span = high - low;
  if (span <= 0) {
    v = low, slope = 0;
    return;
  }
  Real distance = v - low;
  if (distance < 0) distance = -distance, slope = -slope;
  const Real flips = std::floor(distance / span);
  const Real rest = distance - flips * span;
  const bool odd = std::fmod(flips, Real(2)) != 0;
  v = odd ? high - rest : low + rest;
  if (odd) slope = -slope;
}

}  // namespace fovea
