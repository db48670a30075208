// Values held within bounds: limit * tanh(x / limit), the identity in the middle.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>

#include "core/lane_math.h"
#include "core/memory.h"
#include "layers/arithmetic.h"
#include "layers/math.h"

namespace fovea {

/// Elements of theta within [-limit, limit]; limit 0: as they are.
inline Buffer<Lanes> limited(const Lanes* theta, int count, Real limit) {
  Buffer<Lanes> out(static_cast<std::size_t>(count));
  for (int k = 0; k < count; ++k)
    out[static_cast<std::size_t>(k)] =
        limit == 0 ? theta[k] : limit * lane_math::tanh(theta[k] / limit);
  return out;
}

/// Whether that is within 2% of the limit.
inline bool at_limit(Real x, Real limit) {
  return limit > 0 && std::abs(std::tanh(x / limit)) > Real(0.98);
}
/// The share of `theta` of which this is so.
inline double share_at_limit(std::span<const Real> theta, Real limit) {
  const auto count =
      std::count_if(theta.begin(), theta.end(), [&](Real x) { return at_limit(x, limit); });
  return static_cast<double>(count) / static_cast<double>(theta.size());
}

/// dtheta += the gradient, given that of limited().
inline void add_limited_grad(const Lanes* theta, const Lanes* dlimited, int count, Real limit,
                             Lanes* dtheta) {
  for (int k = 0; k < count; ++k) {
    if (limit == 0) {
      dtheta[k] += dlimited[k];
      continue;
    }
    const Lanes t = lane_math::tanh(theta[k] / limit);
    dtheta[k] += dlimited[k] * (1 - t * t);
  }
}

/// The same by operations.
inline Tensor limited(const Tensor& theta, Real limit) {
  return limit == 0 ? theta : scale(tanh(divide(theta, limit)), limit);
}

}  // namespace fovea
