#include "core/blas.h"

#include <cblas.h>

#include <cstdlib>

#include "core/error.h"

namespace fovea {

namespace {

// Runs before main(): a product called from a worker must not start threads of its own.
const bool single_threaded = (openblas_set_num_threads(1), true);

}  // namespace

void gemm(bool transpose_a, bool transpose_b, int m, int n, int k, Real alpha, const Real* a,
          int lda, const Real* b, int ldb, Real beta, Real* c, int ldc) {
  static_cast<void>(single_threaded);
  const CBLAS_TRANSPOSE ta = transpose_a ? CblasTrans : CblasNoTrans;
  const CBLAS_TRANSPOSE tb = transpose_b ? CblasTrans : CblasNoTrans;
#ifdef FOVEA_DOUBLE
  cblas_dgemm(CblasRowMajor, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
#else
  cblas_sgemm(CblasRowMajor, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
#endif
}

std::string blas_description() {
  std::string config = openblas_get_config();  // "OpenBLAS 0.3.21 NO_LAPACK... DYNAMIC_ARCH ..."
  const std::size_t end = config.find(' ', config.find(' ') + 1);
  return cat(config.substr(0, end), ", ", openblas_get_corename(), " kernels");
}

std::string blas_warning() {
  const char* forced = std::getenv("OPENBLAS_CORETYPE");
  if (!forced || !*forced) {
    if (openblas_get_corename() != std::string_view("Prescott")) return "";
    return "OpenBLAS does not know this CPU and uses its SSE2 kernels; matmul gets faster with "
           "OPENBLAS_CORETYPE=SkylakeX (AVX-512) or Haswell (AVX2)";
  }
  return cat("OPENBLAS_CORETYPE=", forced,
             " overrides the kernels OpenBLAS would choose for this CPU; unset it");
}

}  // namespace fovea
