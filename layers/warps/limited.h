// Values held within bounds: limit * tanh(x / limit), the identity in the middle.
#pragma once

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
