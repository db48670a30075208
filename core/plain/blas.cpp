// core/blas.h without OpenBLAS, for builds that have none (`make web`): plain loops, which the
// compiler vectorises.
#include "core/blas.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"

namespace fovea {

void gemm(bool transpose_a, bool transpose_b, int m, int n, int k, Real alpha, const Real* a,
          int lda, const Real* b, int ldb, Real beta, Real* c, int ldc) {
  for (int i = 0; i < m; ++i) {
    Real* const row = c + static_cast<std::ptrdiff_t>(i) * ldc;
    // As in BLAS: what c held does not count where beta is 0, not even a NaN.
    if (beta == 0)
      std::fill_n(row, n, Real(0));
    else
      for (int j = 0; j < n; ++j) row[j] *= beta;
    for (int l = 0; l < k; ++l) {
      const auto at = transpose_a ? static_cast<std::ptrdiff_t>(l) * lda + i
                                  : static_cast<std::ptrdiff_t>(i) * lda + l;
      const Real factor = alpha * a[at];
      const Real* const from = transpose_b ? b + l : b + static_cast<std::ptrdiff_t>(l) * ldb;
      const std::ptrdiff_t step = transpose_b ? ldb : 1;
      for (int j = 0; j < n; ++j) row[j] += factor * from[j * step];
    }
  }
}

void solve(int n, int columns, double* a, double* b) {
  const auto row = [](double* matrix, int i, int width) {
    return matrix + static_cast<std::ptrdiff_t>(i) * width;
  };
  for (int pivot = 0; pivot < n; ++pivot) {
    int best = pivot;
    for (int i = pivot + 1; i < n; ++i)
      if (std::abs(row(a, i, n)[pivot]) > std::abs(row(a, best, n)[pivot])) best = i;
    require(row(a, best, n)[pivot] != 0, "[solve] the matrix is singular");
    if (best != pivot) {
      std::swap_ranges(row(a, pivot, n), row(a, pivot, n) + n, row(a, best, n));
      std::swap_ranges(row(b, pivot, columns), row(b, pivot, columns) + columns,
                       row(b, best, columns));
    }
    for (int i = pivot + 1; i < n; ++i) {
      const double factor = row(a, i, n)[pivot] / row(a, pivot, n)[pivot];
      for (int j = pivot; j < n; ++j) row(a, i, n)[j] -= factor * row(a, pivot, n)[j];
      for (int j = 0; j < columns; ++j) row(b, i, columns)[j] -= factor * row(b, pivot, columns)[j];
    }
  }
  for (int i = n - 1; i >= 0; --i)
    for (int j = 0; j < columns; ++j) {
      double x = row(b, i, columns)[j];
      for (int l = i + 1; l < n; ++l) x -= row(a, i, n)[l] * row(b, l, columns)[j];
      row(b, i, columns)[j] = x / row(a, i, n)[i];
    }
}

std::string blas_description() {
  return "plain loops";
}

std::string blas_warning() {
  return "";
}

}  // namespace fovea
