#include "core/blas.h"

#include <cblas.h>
#include <sys/mman.h>

#include <cstdlib>
#include <new>
#include <utility>
#include <vector>

#include "core/error.h"

// OpenBLAS holds LAPACK, but Debian's package of it has no header for that.
extern "C" void dgesv_(const int* n, const int* columns, double* a, const int* lda, int* pivots,
                       double* b, const int* ldb, int* info);

namespace fovea {

namespace {

// Runs before main(): a product called from a worker must not start threads of its own.
const bool single_threaded = (openblas_set_num_threads(1), true);

// OpenBLAS tries for ever to get its 128 MB of buffer when they are not to be had.
bool has_room_for_buffer() {
  constexpr std::size_t bytes = std::size_t{130} << 20;
  void* const room = ::mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED) throw std::bad_alloc();
  ::munmap(room, bytes);
  return true;
}

// Bits of the vectors that OpenBLAS's kernels for a CPU use, and of those this CPU has.
int vector_bits(std::string_view core) {
  for (const char* name : {"SkylakeX", "Cooperlake", "SapphireRapids"})
    if (core == name) return 512;
  for (const char* name : {"Haswell", "Zen", "Excavator"})
    if (core == name) return 256;
  return 128;
}

int cpu_vector_bits() {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512f")) return 512;
  if (__builtin_cpu_supports("avx2")) return 256;
#endif
  return 128;
}

}  // namespace

void gemm(bool transpose_a, bool transpose_b, int m, int n, int k, Real alpha, const Real* a,
          int lda, const Real* b, int ldb, Real beta, Real* c, int ldc) {
  static_cast<void>(single_threaded);
  static thread_local const bool room = has_room_for_buffer();
  static_cast<void>(room);
  const CBLAS_TRANSPOSE ta = transpose_a ? CblasTrans : CblasNoTrans;
  const CBLAS_TRANSPOSE tb = transpose_b ? CblasTrans : CblasNoTrans;
#ifdef FOVEA_DOUBLE
  cblas_dgemm(CblasRowMajor, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
#else
  cblas_sgemm(CblasRowMajor, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
#endif
}

void solve(int n, int columns, double* a, double* b) {
  static_cast<void>(single_threaded);
  // LAPACK is column-major: it gets a and b transposed.
  const auto size = static_cast<std::size_t>(n), width = static_cast<std::size_t>(columns);
  for (std::size_t i = 0; i < size; ++i)
    for (std::size_t j = 0; j < i; ++j) std::swap(a[i * size + j], a[j * size + i]);
  std::vector<double> x(size * width);
  for (std::size_t i = 0; i < size; ++i)
    for (std::size_t j = 0; j < width; ++j) x[j * size + i] = b[i * width + j];
  std::vector<int> pivots(size);
  int info = 0;
  dgesv_(&n, &columns, a, &n, pivots.data(), x.data(), &n, &info);
  require(info == 0, "[solve] the matrix is singular");
  for (std::size_t i = 0; i < size; ++i)
    for (std::size_t j = 0; j < width; ++j) b[i * width + j] = x[j * size + i];
}

std::string blas_description() {
  std::string config = openblas_get_config();  // "OpenBLAS 0.3.21 NO_LAPACK... DYNAMIC_ARCH ..."
  const std::size_t end = config.find(' ', config.find(' ') + 1);
  return cat(config.substr(0, end), ", ", openblas_get_corename(), " kernels");
}

std::string blas_warning() {
  const std::string_view used = openblas_get_corename();
  if (vector_bits(used) >= cpu_vector_bits()) return "";
  const char* forced = std::getenv("OPENBLAS_CORETYPE");
  if (forced && *forced)
    return cat("OPENBLAS_CORETYPE=", forced, " holds OpenBLAS back to its ", used,
               " kernels; unset it, or name a newer CPU");
  return cat("OpenBLAS does not know this CPU and uses its ", used,
             " kernels; matmul gets faster with OPENBLAS_CORETYPE=",
             cpu_vector_bits() == 512 ? "SkylakeX" : "Haswell");
}

}  // namespace fovea
