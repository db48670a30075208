#include <cmath>

#include "core/blas.h"
#include "core/error.h"
#include "core/random.h"
#include "tests/catch.h"

// The functions of `make web` beside OpenBLAS's.
#define gemm plain_gemm
#define solve plain_solve
#define blas_description plain_description
#define blas_warning plain_warning
#include "core/plain/blas.cpp"
#undef gemm
#undef solve
#undef blas_description
#undef blas_warning

using namespace fovea;

namespace {

template <class T>
std::vector<T> numbers(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<T> out(count);
  for (T& value : out) value = static_cast<T>(random.normal());
  return out;
}

}  // namespace

TEST_CASE("plain loops multiply as OpenBLAS does", "[blas][plain]") {
  constexpr int m = 5, n = 7, k = 11, stride = 13;
  for (const bool ta : {false, true})
    for (const bool tb : {false, true})
      for (const Real beta : {Real(0), Real(1), Real(-0.5)}) {
        CAPTURE(ta, tb, beta);
        const auto a = numbers<Real>(stride * stride, 1), b = numbers<Real>(stride * stride, 2);
        auto expected = numbers<Real>(m * stride, 3), got = expected;
        if (beta == 0) got[0] = expected[0] = std::nan("");
        gemm(ta, tb, m, n, k, Real(1.5), a.data(), stride, b.data(), stride, beta, expected.data(),
             stride);
        plain_gemm(ta, tb, m, n, k, Real(1.5), a.data(), stride, b.data(), stride, beta, got.data(),
                   stride);
        double worst = 0;  // also of what lies behind the rows, which stays as it is
        for (std::size_t i = 0; i < got.size(); ++i)
          worst = std::max(worst, std::abs(static_cast<double>(got[i] - expected[i])));
        CHECK(worst < 1e-5);
      }
}

TEST_CASE("plain loops solve as LAPACK does", "[blas][plain]") {
  constexpr int n = 19, columns = 3;
  auto a = numbers<double>(n * n, 4), b = numbers<double>(n * columns, 5);
  a[0] = 0;  // needs a pivot
  auto a2 = a, b2 = b;
  solve(n, columns, a.data(), b.data());
  plain_solve(n, columns, a2.data(), b2.data());
  for (std::size_t i = 0; i < b.size(); ++i) CHECK(std::abs(b[i] - b2[i]) < 1e-9);
  std::vector<double> singular(n * n, 1.0);
  CHECK_THROWS_AS(plain_solve(n, columns, singular.data(), b2.data()), Error);
}
