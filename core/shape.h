// The extent of a tensor, without allocation.
#pragma once

#include <initializer_list>
#include <string>

#include "core/error.h"

namespace fovea {

/// Up to six dimensions, outermost first; {} is a scalar. Negative or overflowing extents throw.
class Shape {
 public:
  static constexpr int max_rank = 6;

  Shape() = default;
  Shape(std::initializer_list<int> dims) {
    require(dims.size() <= max_rank, "shape: at most 6 dimensions, got ", dims.size());
    for (int dim : dims) append(dim);
  }

  int rank() const { return rank_; }
  int operator[](int i) const { return dims_[i]; }
  const int* begin() const { return dims_; }
  const int* end() const { return dims_ + rank_; }

  /// Number of elements; 1 for a scalar.
  int size() const { return size_; }

  void append(int dim) {
    require(rank_ < max_rank, "shape: at most 6 dimensions");
    require(dim >= 0, "shape: negative extent ", dim);
    // Extents of 0 do not count here: no stride, nor a number of rows, may overflow either.
    require(!__builtin_mul_overflow(span_, dim == 0 ? 1 : dim, &span_),
            "shape: more than 2^31 elements");
    dims_[rank_++] = dim;
    size_ = dim == 0 ? 0 : size_ * dim;
  }

  bool operator==(const Shape& other) const {
    if (rank_ != other.rank_) return false;
    for (int i = 0; i < rank_; ++i)
      if (dims_[i] != other.dims_[i]) return false;
    return true;
  }

 private:
  int dims_[max_rank] = {};
  int rank_ = 0;
  int size_ = 1, span_ = 1;
};

/// "[3, 28, 28]"
inline void append_text(std::string& out, const Shape& shape) {
  out += '[';
  for (int i = 0; i < shape.rank(); ++i) {
    if (i) out += ", ";
    out += std::to_string(shape[i]);
  }
  out += ']';
}

}  // namespace fovea
