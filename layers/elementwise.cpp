#include "layers/elementwise.h"

namespace fovea::detail {

Shape broadcast_shape(const char* op, const Shape& a, const Shape& b) {
  const int rank = std::max(a.rank(), b.rank());
  Shape out;
  for (int d = 0; d < rank; ++d) {
    const int ia = d - (rank - a.rank()), ib = d - (rank - b.rank());
    const int ea = ia < 0 ? 1 : a[ia], eb = ib < 0 ? 1 : b[ib];
    require(ea == eb || ea == 1 || eb == 1, "[", op, "] Shapes ", a, " and ", b,
            " cannot be broadcast: from the last dimension on, extents must be equal or 1");
    out.append(ea == 1 ? eb : ea);
  }
  return out;
}

Broadcast::Broadcast(const char* op, const Tensor& a, const Tensor& b)
    : Broadcast(broadcast_shape(op, a.shape(), b.shape()), a.is_per_sample() || b.is_per_sample(),
                a.shape(), b.shape()) {}

Broadcast::Broadcast(const Shape& full, const Shape& reduced)
    : Broadcast(full, false, full, reduced) {}

Broadcast::Broadcast(const Shape& full, bool per_sample, const Shape& a, const Shape& b)
    : shape_(full), per_sample_(per_sample) {
  plan(a, b);
}

void Broadcast::plan(const Shape& a, const Shape& b) {
  int stride_a = 1, stride_b = 1;
  int extent[Shape::max_rank], sa[Shape::max_rank], sb[Shape::max_rank];
  for (int d = shape_.rank() - 1; d >= 0; --d) {
    const int ia = d - (shape_.rank() - a.rank()), ib = d - (shape_.rank() - b.rank());
    const int ea = ia < 0 ? 1 : a[ia], eb = ib < 0 ? 1 : b[ib];
    extent[d] = shape_[d];
    sa[d] = ea == 1 ? 0 : stride_a;
    sb[d] = eb == 1 ? 0 : stride_b;
    stride_a *= ea, stride_b *= eb;
  }
  for (int d = 0; d < shape_.rank(); ++d) {
    if (extent[d] == 1) continue;
    const int p = rank_ - 1;
    if (p >= 0 && step_a_[p] == sa[d] * extent[d] && step_b_[p] == sb[d] * extent[d]) {
      extent_[p] *= extent[d], step_a_[p] = sa[d], step_b_[p] = sb[d];
    } else {
      extent_[rank_] = extent[d], step_a_[rank_] = sa[d], step_b_[rank_] = sb[d];
      ++rank_;
    }
  }
  if (rank_ == 0) extent_[0] = 1, step_a_[0] = step_b_[0] = 0, rank_ = 1;
}

int normalize_dim(const char* op, int dim, const Tensor& x) {
  const int rank = std::max(x.shape().rank(), 1);
  require(dim >= -rank && dim < rank, "[", op, "] Dimension ", dim,
          " does not exist in an input of shape ", x.shape(),
          " (of one sample; the batch is not a dimension)");
  return dim < 0 ? dim + rank : dim;
}

}  // namespace fovea::detail
