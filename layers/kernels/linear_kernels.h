// Products of a shared matrix with lanes, the inner loops of fully connected layers. OpenBLAS does
// them too, but for sixteen columns it packs more than it multiplies, and Debian 12's (0.3.21)
// falls back to SSE2 kernels on CPUs newer than itself: these are 1.4 times (its AVX-512 kernels)
// to 8 times as fast.
#pragma once

#include "core/native.h"

namespace fovea {

/// y[o] = bias[o] + sum over k of w[o, k] * x[k]; w shared [out, in], bias shared [out] or null,
/// x and y lanes.
void lanes_forward(int out, int in, const Real* w, const Real* bias, const Real* x, Real* y);

/// dx[k] (+)= sum over o of w[o, k] * dy[o]; adds only if `accumulate`.
void lanes_input_grad(int out, int in, const Real* w, const Real* dy, Real* dx, bool accumulate);

/// dw[o, k] (+)= sum over lanes of dy[o] * x[k]; adds only if `accumulate`.
void lanes_weight_grad(int out, int in, const Real* x, const Real* dy, Real* dw, bool accumulate);

}  // namespace fovea
