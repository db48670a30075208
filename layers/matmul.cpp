#include "layers/matmul.h"

#include "core/autograd.h"
#include "core/blas.h"
#include "core/long_sum.h"

namespace fovea {

namespace {

struct Extents {
  int m, n, k;
};

// c += a b, `run(begin, end, into)` being asked to add the terms [begin, end) of `count`: the first
// block to c itself, the others to sums of their own.
template <class Run>
void add_in_blocks(int count, const Tensor& c, const Run& run) {
  const int block = sum_block(count);
  run(0, std::min(block, count), c);
  for (int begin = block; begin < count; begin += block) {
    const Tensor sum = Tensor::zeros(c.shape(), c.is_per_sample());
    run(begin, std::min(begin + block, count), sum);
    for (std::size_t i = 0; i < c.real_count(); ++i) c.data()[i] += sum.data()[i];
  }
}

// In memory a per-sample [r, c] is a row-major [r, c * 16], and each of its rows a [c, 16]: what
// meets a shared matrix is a GEMM over all samples, as a whole or row by row.

// c = a b (+ c)
void shared_shared(const Extents& e, const Tensor& a, const Tensor& b, const Tensor& c) {
  gemm(false, false, e.m, e.n, e.k, 1, a.data(), e.k, b.data(), e.n, 0, c.data(), e.n);
}

void shared_shared_backward(const Extents& e, const Tensor& a, const Tensor& b, const Tensor& dc,
                            GradSink& grad) {
  bool fresh = false;
  if (Tensor* da = grad.wanted(0, &fresh))
    gemm(false, true, e.m, e.k, e.n, 1, dc.data(), e.n, b.data(), e.n, !fresh, da->data(), e.k);
  if (Tensor* db = grad.wanted(1, &fresh))
    gemm(true, false, e.k, e.n, e.m, 1, a.data(), e.k, dc.data(), e.n, !fresh, db->data(), e.n);
}

void shared_lanes(const Extents& e, const Tensor& a, const Tensor& b, const Tensor& c) {
  const int width = e.n * lane_count;
  gemm(false, false, e.m, width, e.k, 1, a.data(), e.k, b.data(), width, 0, c.data(), width);
}

void shared_lanes_backward(const Extents& e, const Tensor& a, const Tensor& b, const Tensor& dc,
                           GradSink& grad) {
  const int width = e.n * lane_count;
  bool fresh = false;
  if (Tensor* da = grad.wanted(0, &fresh))
    gemm(false, true, e.m, e.k, width, 1, dc.data(), width, b.data(), width, !fresh, da->data(),
         e.k);
  if (Tensor* db = grad.wanted(1, &fresh))
    gemm(true, false, e.k, width, e.m, 1, a.data(), e.k, dc.data(), width, !fresh, db->data(),
         width);
}

void lanes_shared(const Extents& e, const Tensor& a, const Tensor& b, const Tensor& c) {
  constexpr long w = lane_count;
  for (int i = 0; i < e.m; ++i)
    gemm(true, false, e.n, lane_count, e.k, 1, b.data(), e.n, a.data() + i * e.k * w, lane_count, 0,
         c.data() + i * e.n * w, lane_count);
}

void lanes_shared_backward(const Extents& e, const Tensor& a, const Tensor& b, const Tensor& dc,
                           GradSink& grad) {
  constexpr long w = lane_count;
  bool fresh = false;
  if (Tensor* da = grad.wanted(0, &fresh))
    for (int i = 0; i < e.m; ++i)
      gemm(false, false, e.k, lane_count, e.n, 1, b.data(), e.n, dc.data() + i * e.n * w,
           lane_count, !fresh, da->data() + i * e.k * w, lane_count);
  if (Tensor* db = grad.wanted(1))
    add_in_blocks(e.m, *db, [&](int begin, int end, const Tensor& into) {
      for (int i = begin; i < end; ++i)
        gemm(false, true, e.k, e.n, lane_count, 1, a.data() + i * e.k * w, lane_count,
             dc.data() + i * e.n * w, lane_count, 1, into.data(), e.n);
    });
}

// No GEMM multiplies sixteen pairs of matrices at once: plain loops over lanes.
void lanes_lanes(const Extents& e, const Tensor& a, const Tensor& b, const Tensor& c) {
  c.fill(0);
  add_in_blocks(e.k, c, [&](int begin, int end, const Tensor& into) {
    for (int i = 0; i < e.m; ++i)
      for (int p = begin; p < end; ++p)
        for (int j = 0; j < e.n; ++j) into[i * e.n + j] += a[i * e.k + p] * b[p * e.n + j];
  });
}

void lanes_lanes_backward(const Extents& e, const Tensor& a, const Tensor& b, const Tensor& dc,
                          GradSink& grad) {
  if (Tensor* da = grad.wanted(0))
    add_in_blocks(e.n, *da, [&](int begin, int end, const Tensor& into) {
      for (int i = 0; i < e.m; ++i)
        for (int p = 0; p < e.k; ++p)
          for (int j = begin; j < end; ++j) into[i * e.k + p] += dc[i * e.n + j] * b[p * e.n + j];
    });
  if (Tensor* db = grad.wanted(1))
    add_in_blocks(e.m, *db, [&](int begin, int end, const Tensor& into) {
      for (int i = begin; i < end; ++i)
        for (int p = 0; p < e.k; ++p)
          for (int j = 0; j < e.n; ++j) into[p * e.n + j] += a[i * e.k + p] * dc[i * e.n + j];
    });
}

Extents checked(const Tensor& a, const Tensor& b) {
  const Shape &sa = a.shape(), &sb = b.shape();
  for (const Shape* s : {&sa, &sb})
    require(s->rank() == 1 || s->rank() == 2,
            "[matmul] Inputs must have one or two dimensions, got shapes ", sa, " and ", sb);
  const Extents e = {sa.rank() == 2 ? sa[0] : 1, sb.rank() == 2 ? sb[1] : 1, sa[sa.rank() - 1]};
  require(e.k == sb[0], "[matmul] Last dimension of first input with shape ", sa, " must match ",
          sb.rank() == 2 ? "second to last" : "last", " dimension of second input with shape ", sb);
  for (const int extent : {e.m, e.n, e.k})  // BLAS counts them in int, all samples together
    require(static_cast<long>(extent) * lane_count < 0x80000000L, "[matmul] Shapes ", sa, " and ",
            sb, " are too large: at most 2^27 rows or columns");
  return e;
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b) {
  const Extents e = checked(a, b);
  const bool lanes_a = a.is_per_sample(), lanes_b = b.is_per_sample();
  Shape shape;
  if (a.shape().rank() == 2) shape.append(e.m);
  if (b.shape().rank() == 2) shape.append(e.n);
  Tensor c = lanes_a || lanes_b ? Tensor::per_sample(shape) : Tensor::shared(shape);
  if (e.k == 0) c.fill(0);  // an empty sum; BLAS would not touch c
  const auto forward =
      lanes_a ? (lanes_b ? lanes_lanes : lanes_shared) : (lanes_b ? shared_lanes : shared_shared);
  const auto back = lanes_a ? (lanes_b ? lanes_lanes_backward : lanes_shared_backward)
                            : (lanes_b ? shared_lanes_backward : shared_shared_backward);
  if (e.k > 0 && c.size() > 0) forward(e, a, b, c);
  return record("matmul", c, {a, b},
                [e, back, a = a.detach(), b = b.detach()](const Tensor& dc, GradSink& grad) {
                  if (a.size() > 0 && b.size() > 0) return back(e, a, b, dc, grad);
                  for (int i = 0; i < 2; ++i) grad.wanted(i);  // empty sums: zeros
                });
}

}  // namespace fovea
