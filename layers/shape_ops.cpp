#include "layers/shape_ops.h"

#include "layers/elementwise.h"

namespace fovea {

namespace {

// Rows of `count` elements of a window of `big` meet those of `small`, which is contiguous.
struct Window {
  int rows = 1, count = 1, big_row = 1, offset = 0;

  // Of `big`, the part that starts at `begin` and has `extent` along `dim`.
  Window(const Shape& big, int dim, int begin, int extent) {
    for (int d = 0; d < dim; ++d) rows *= big[d];
    int inner = 1;
    for (int d = dim + 1; d < big.rank(); ++d) inner *= big[d];
    count = extent * inner, big_row = big[dim] * inner, offset = begin * inner;
  }

  // Calls f(index in big, index in small).
  template <class F>
  void visit(F f) const {
    for (int r = 0; r < rows; ++r)
      for (int i = 0; i < count; ++i) f(r * big_row + offset + i, r * count + i);
  }
};

// Adds g(i) to gradient element `i`, `visit` being called with a function of (i, index into dy).
template <class Visit>
void add_moved(const Tensor& dx, const Tensor& dy, Visit visit) {
  if (dx.is_per_sample())
    visit([&](int i, int j) { dx[i] += dy[j]; });
  else if (dy.is_per_sample())
    visit([&](int i, int j) { dx.data()[i] += sum_lanes(dy[j]); });
  else
    visit([&](int i, int j) { dx.data()[i] += dy.data()[j]; });
}

Shape checked_concatenation(std::span<const Tensor> inputs, int dim) {
  const Shape& first = inputs[0].shape();
  long extent = 0;
  for (const Tensor& x : inputs) {
    bool fits = x.shape().rank() == first.rank();
    for (int d = 0; fits && d < first.rank(); ++d) fits = d == dim || x.shape()[d] == first[d];
    require(fits, "[concatenate] Shapes ", first, " and ", x.shape(),
            " must match in every dimension but ", dim);
    extent += x.shape()[dim];
  }
  require(extent < 0x80000000L, "[concatenate] Dimension ", dim, " would have ", extent,
          " elements, more than 2^31");
  Shape out;
  for (int d = 0; d < first.rank(); ++d) out.append(d == dim ? static_cast<int>(extent) : first[d]);
  return out;
}

}  // namespace

Tensor concatenate(std::span<const Tensor> inputs, int dim) {
  require(!inputs.empty() && inputs.size() <= max_op_inputs, "[concatenate] Takes one to ",
          max_op_inputs, " inputs, got ", inputs.size());
  dim = detail::normalize_dim("concatenate", dim, inputs[0]);
  const Shape shape = checked_concatenation(inputs, dim);
  const bool lanes =
      std::any_of(inputs.begin(), inputs.end(), [](const Tensor& x) { return x.is_per_sample(); });
  Tensor y = lanes ? Tensor::per_sample(shape) : Tensor::shared(shape);
  int extents[max_op_inputs] = {};
  for (std::size_t k = 0, begin = 0; k < inputs.size(); begin += extents[k++]) {
    const Tensor& x = inputs[k];
    extents[k] = x.shape()[dim];
    const Window window(shape, dim, static_cast<int>(begin), extents[k]);
    if (x.is_per_sample())
      window.visit([&](int i, int j) { y[i] = x[j]; });
    else if (lanes)
      window.visit([&](int i, int j) { y[i] = broadcast(x.data()[j]); });
    else
      window.visit([&](int i, int j) { y.data()[i] = x.data()[j]; });
  }
  const int count = static_cast<int>(inputs.size());
  return record(
      "concatenate", y, inputs,
      [shape, dim, count, extents = std::to_array(extents)](const Tensor& dy, GradSink& grad) {
        for (int k = 0, begin = 0; k < count; begin += extents[k++]) {
          const Window window(shape, dim, begin, extents[k]);
          if (Tensor* dx = grad.wanted(k))
            add_moved(*dx, dy, [&](auto add) { window.visit([&](int i, int j) { add(j, i); }); });
        }
      },
      [=] {
        return Attributes{{"dim", dim}};
      });
}

Tensor slice(const Tensor& x, int dim, int begin, int end) {
  dim = detail::normalize_dim("slice", dim, x);
  require(0 <= begin && begin <= end && end <= x.shape()[dim], "[slice] The range ", begin, " to ",
          end, " does not lie within dimension ", dim, " of shape ", x.shape());
  Shape shape;
  for (int d = 0; d < x.shape().rank(); ++d) shape.append(d == dim ? end - begin : x.shape()[d]);
  const Window window(x.shape(), dim, begin, end - begin);
  Tensor y = x.is_per_sample() ? Tensor::per_sample(shape) : Tensor::shared(shape);
  if (x.is_per_sample())
    window.visit([&](int i, int j) { y[j] = x[i]; });
  else
    window.visit([&](int i, int j) { y.data()[j] = x.data()[i]; });
  return record(
      "slice", y, {x},
      [window](const Tensor& dy, GradSink& grad) {
        if (Tensor* dx = grad.wanted(0)) add_moved(*dx, dy, [&](auto add) { window.visit(add); });
      },
      [=] {
        return Attributes{{"dim", dim}, {"begin", begin}, {"end", end}};
      });
}

Tensor transpose(const Tensor& x, int dim0, int dim1) {
  int d0 = detail::normalize_dim("transpose", dim0, x);
  int d1 = detail::normalize_dim("transpose", dim1, x);
  if (d0 > d1) std::swap(d0, d1);
  const Shape& from = x.shape();
  Shape shape;
  for (int d = 0; d < from.rank(); ++d) shape.append(from[d == d0 ? d1 : d == d1 ? d0 : d]);
  // x is [outer, p, middle, q, inner], y is [outer, q, middle, p, inner].
  int outer = 1, middle = 1, inner = 1;
  for (int d = 0; d < d0; ++d) outer *= from[d];
  for (int d = d0 + 1; d < d1; ++d) middle *= from[d];
  for (int d = d1 + 1; d < from.rank(); ++d) inner *= from[d];
  const int p = from[d0], q = d0 == d1 ? 1 : from[d1];
  const auto visit = [=](auto f) {
    for (int o = 0, j = 0; o < outer; ++o)
      for (int b = 0; b < q; ++b)
        for (int m = 0; m < middle; ++m)
          for (int a = 0; a < p; ++a)
            for (int i = 0; i < inner; ++i)
              f((((o * p + a) * middle + m) * q + b) * inner + i, j++);
  };
  Tensor y = x.is_per_sample() ? Tensor::per_sample(shape) : Tensor::shared(shape);
  if (x.is_per_sample())
    visit([&](int i, int j) { y[j] = x[i]; });
  else
    visit([&](int i, int j) { y.data()[j] = x.data()[i]; });
  return record(
      "transpose", y, {x},
      [visit](const Tensor& dy, GradSink& grad) {
        if (Tensor* dx = grad.wanted(0)) add_moved(*dx, dy, visit);
      },
      [=] {
        return Attributes{{"dims", {d0, d1}}};
      });
}

}  // namespace fovea
