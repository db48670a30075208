// Applying the small matrices of Winograd's filtering to blocks of native vectors: the loops are
// unrolled, zeros cost nothing, and points of opposite sign share their sums.
#pragma once

#include <utility>

#include "core/native.h"
#include "layers/kernels/winograd_matrices.h"

namespace fovea {

namespace detail {

// += the terms of row `row` whose column has this parity (2: all).
template <const auto& M, int row, int parity, int j = 0>
[[gnu::always_inline]] inline void add_terms(const Native* in, Native& sum) {
  if constexpr (j < static_cast<int>(M[0].size())) {
    constexpr double factor = M[row][j];
    if constexpr (factor != 0 && (parity == 2 || j % 2 == parity)) {
      if constexpr (factor == 1)
        sum += in[j];
      else if constexpr (factor == -1)
        sum -= in[j];
      else
        sum += static_cast<Real>(factor) * in[j];
    }
    add_terms<M, row, parity, j + 1>(in, sum);
  }
}

// Whether row i + 1 is row i with the signs of its odd columns changed.
template <const auto& M, int i>
constexpr bool rows_pair() {
  if (i + 1 >= static_cast<int>(M.size())) return false;
  for (std::size_t j = 0; j < M[0].size(); ++j)
    if (M[i + 1][j] != (j % 2 ? -M[i][j] : M[i][j])) return false;
  return true;
}
template <const auto& M, int j>
constexpr bool columns_pair() {
  if (j + 1 >= static_cast<int>(M[0].size())) return false;
  for (std::size_t i = 0; i < M.size(); ++i)
    if (M[i][j + 1] != (i % 2 ? -M[i][j] : M[i][j])) return false;
  return true;
}

template <const auto& M, int i = 0>
[[gnu::always_inline]] inline void expand_from(const Native* in, Native* out) {
  if constexpr (i < static_cast<int>(M.size())) {
    if constexpr (rows_pair<M, i>()) {
      Native even{}, odd{};
      add_terms<M, i, 0>(in, even);
      add_terms<M, i, 1>(in, odd);
      out[i] = even + odd;
      out[i + 1] = even - odd;
      expand_from<M, i + 2>(in, out);
    } else {
      out[i] = Native{};
      add_terms<M, i, 2>(in, out[i]);
      expand_from<M, i + 1>(in, out);
    }
  }
}

// out[i] += M[i][j] * (of a pair of columns their sum or difference, by the parity of i)
template <const auto& M, int j, int i = 0>
[[gnu::always_inline]] inline void add_column(const Native& even, const Native& odd, Native* out) {
  if constexpr (i < static_cast<int>(M.size())) {
    constexpr double factor = M[i][j];
    if constexpr (factor == 1)
      out[i] += i % 2 ? odd : even;
    else if constexpr (factor != 0)
      out[i] += static_cast<Real>(factor) * (i % 2 ? odd : even);
    add_column<M, j, i + 1>(even, odd, out);
  }
}

template <const auto& M, int j = 0>
[[gnu::always_inline]] inline void contract_from(const Native* in, Native* out) {
  if constexpr (j < static_cast<int>(M[0].size())) {
    if constexpr (columns_pair<M, j>()) {
      add_column<M, j>(in[j] + in[j + 1], in[j] - in[j + 1], out);
      contract_from<M, j + 2>(in, out);
    } else {
      add_column<M, j>(in[j], in[j], out);
      contract_from<M, j + 1>(in, out);
    }
  }
}

}  // namespace detail

/// out = M in: for matrices with more rows than columns, and square ones.
template <const auto& M>
struct Expand {
  static constexpr int rows = static_cast<int>(M.size()), columns = static_cast<int>(M[0].size());
  [[gnu::always_inline]] static inline void apply(const Native* in, Native* out) {
    detail::expand_from<M>(in, out);
  }
};

/// out = M in: for matrices with more columns than rows.
template <const auto& M>
struct Contract {
  static constexpr int rows = static_cast<int>(M.size()), columns = static_cast<int>(M[0].size());
  [[gnu::always_inline]] static inline void apply(const Native* in, Native* out) {
    for (int i = 0; i < rows; ++i) out[i] = Native{};
    detail::contract_from<M>(in, out);
  }
};

/// M X M' of a block of vectors, X(i, j) = load(i, j); store(i, j, value) takes the result.
template <class Matrix, class Load, class Store>
[[gnu::always_inline]] inline void transform(const Load& load, const Store& store) {
  constexpr int rows = Matrix::rows, columns = Matrix::columns;
  Native half[rows][columns];
  for (int j = 0; j < columns; ++j) {
    Native in[columns], out[rows];
#pragma GCC unroll 8
    for (int i = 0; i < columns; ++i) in[i] = load(i, j);
    Matrix::apply(in, out);
#pragma GCC unroll 8
    for (int i = 0; i < rows; ++i) half[i][j] = out[i];
  }
  for (int i = 0; i < rows; ++i) {
    Native out[rows];
    Matrix::apply(half[i], out);
#pragma GCC unroll 8
    for (int j = 0; j < rows; ++j) store(i, j, out[j]);
  }
}

}  // namespace fovea
