// Squares that do not overflow, for optimisers that average them.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/lanes.h"

namespace fovea::detail {

inline constexpr Real largest = std::numeric_limits<Real>::max();

/// Squares of d are infinite from 1.8e19 on, and their average would be for good: the parameter
/// frozen. As in PyTorch d's share of it, `share` * d^2, is not, up to 5e20; from there on d is
/// limited, but not where it is infinite.
inline Real limited(Real d, Real share) {
  const Real limit = Real(0.99) * std::sqrt(largest) / std::sqrt(share);
  return std::isfinite(d) && limit < largest ? std::clamp(d, -limit, limit) : d;
}

/// kept + share * d^2
inline Real limited_sum(Real kept, Real d, Real share) {
  return std::min(kept + share * d * d, largest);
}

}  // namespace fovea::detail
