// The matrices of Winograd's minimal filtering (Winograd 1980; Lavin and Gray 2016, arXiv
// 1509.09308): m outputs of a filter of r taps from n = m + r - 1 products,
//     Y = A' [(G g) . (B' d)],
// and the same in two dimensions by applying each matrix from both sides. They follow from n - 1
// points and infinity (Toom-Cook): evaluating polynomials at the points turns a convolution into
// products.
#pragma once

#include <array>

#include "core/lanes.h"

namespace fovea {

template <int rows, int columns>
using SmallMatrix = std::array<std::array<double, columns>, rows>;

template <std::size_t rows, std::size_t columns>
constexpr auto transposed(const std::array<std::array<double, columns>, rows>& m) {
  std::array<std::array<double, rows>, columns> t{};
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < columns; ++j) t[j][i] = m[i][j];
  return t;
}

/// F(m, r).
template <int m, int r>
struct Winograd {
  static constexpr int outputs = m, taps = r, n = m + r - 1;

  // Small numbers and their reciprocals, in pairs of opposite sign: errors stay small, and both of
  // a pair share their terms.
  static constexpr double points[7] = {0, 1, -1, 2, -2, 0.5, -0.5};
  static_assert(n - 1 <= 7, "more points lose too many digits in single precision");

  /// A': powers of the points; [m][n].
  static constexpr SmallMatrix<m, n> output_matrix() {
    SmallMatrix<m, n> a{};
    for (int j = 0; j < n - 1; ++j) {
      double power = 1;
      for (int i = 0; i < m; ++i) a[i][j] = power, power *= points[j];
    }
    a[m - 1][n - 1] = 1;
    return a;
  }

  /// G: powers of the points over the products of their differences; [n][r].
  static constexpr SmallMatrix<n, r> filter_matrix() {
    SmallMatrix<n, r> g{};
    for (int j = 0; j < n - 1; ++j) {
      double scale = 1;
      for (int l = 0; l < n - 1; ++l)
        if (l != j) scale *= points[j] - points[l];
      double power = 1 / scale;
      for (int k = 0; k < r; ++k) g[j][k] = power, power *= points[j];
    }
    g[n - 1][r - 1] = 1;
    return g;
  }

  /// B': the coefficients of the polynomials that vanish at all points but one; [n][n].
  static constexpr SmallMatrix<n, n> input_matrix() {
    SmallMatrix<n, n> b{};
    for (int j = 0; j < n; ++j) {
      b[j][0] = 1;
      for (int l = 0, degree = 0; l < n - 1; ++l) {
        if (l == j) continue;
        for (int k = ++degree; k >= 0; --k)
          b[j][k] = (k > 0 ? b[j][k - 1] : 0) - points[l] * b[j][k];
      }
    }
    return b;
  }

  static constexpr auto a = output_matrix();
  static constexpr auto g = filter_matrix();
  static constexpr auto b = input_matrix();
  static constexpr auto a_transposed = transposed(a), g_transposed = transposed(g),
                        b_transposed = transposed(b);
};

}  // namespace fovea
