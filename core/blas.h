// Matrix products and linear systems by OpenBLAS; blas.cpp is the only file that includes its
// header.
#pragma once

#include <string>

#include "core/lanes.h"

namespace fovea {

/// c = alpha * op(a) * op(b) + beta * c, row-major, with op(x) = x or its transpose:
/// op(a) is [m, k], op(b) is [k, n], c is [m, n]; lda, ldb, ldc are the row lengths in memory.
/// Runs on the calling thread only: parallelism is over tiles (core/step.h).
void gemm(bool transpose_a, bool transpose_b, int m, int n, int k, Real alpha, const Real* a,
          int lda, const Real* b, int ldb, Real beta, Real* c, int ldc);

/// Solves a x = b by LAPACK's LU factorisation, in double precision: a is [n, n], b [n, columns],
/// both row-major; b becomes x, a is overwritten. Error: a is singular to working precision.
void solve(int n, int columns, double* a, double* b);

/// "OpenBLAS 0.3.21, SkylakeX kernels": the version and the kernels it chose for this CPU.
std::string blas_description();

/// What in the environment holds OpenBLAS back (OPENBLAS_CORETYPE...), one line; empty if nothing.
std::string blas_warning();

}  // namespace fovea
