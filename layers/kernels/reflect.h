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
  const Real period = span + span;
  Real distance = v - low;
  if (distance < 0) distance = -distance, slope = -slope;
  // Exact at any distance, which a quotient rounded to a whole number of periods is not.
  if (!(distance < period)) distance = std::fmod(distance, period);
  const bool odd = distance >= span;
  v = odd ? high - (distance - span) : low + distance;
  if (odd) slope = -slope;
}

}  // namespace fovea
