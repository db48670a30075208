#include "layers/shape_ops.h"

#include <array>

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

// A part of a tensor, in any order of its dimensions: element (i, j, ...) is at
// offset + i * stride[0] + j * stride[1] + ...
struct View {
  Shape shape;
  int offset = 0;
  int stride[Shape::max_rank];

  explicit View(const Shape& all) : shape(all) {
    for (int d = all.rank() - 1, size = 1; d >= 0; size *= all[d--]) stride[d] = size;
  }

  // Calls f(index in the tensor, index in the view) for all elements in the view's order.
  template <class F>
  void visit(F f) const {
    if (shape.size() == 0) return;
    const int last = shape.rank() - 1;
    if (last < 0) return f(offset, 0);
    int index[Shape::max_rank] = {};
    for (int i = offset, j = 0;;) {
      for (int k = 0; k < shape[last]; ++k) f(i + k * stride[last], j++);
      int d = last - 1;
      for (; d >= 0; --d) {
        i += stride[d];
        if (++index[d] < shape[d]) break;
        i -= stride[d] * shape[d];
        index[d] = 0;
      }
      if (d < 0) return;
    }
  }
};

template <class A>
Tensor view_of(OpName op, const Tensor& x, const View& view, const A& attributes) {
  Tensor y = x.is_per_sample() ? Tensor::per_sample(view.shape) : Tensor::shared(view.shape);
  if (x.is_per_sample())
    view.visit([&](int i, int j) { y[j] = x[i]; });
  else
    view.visit([&](int i, int j) { y.data()[j] = x.data()[i]; });
  return record(
      op, y, {x},
      [view](const Tensor& dy, GradSink& grad) {
        if (Tensor* dx = grad.wanted(0)) add_moved(*dx, dy, [&](auto add) { view.visit(add); });
      },
      attributes);
}

// Dimension i of the result is order[i] of x.
Tensor reordered(OpName op, const Tensor& x, const int* order) {
  const View plain(x.shape());
  View view = plain;
  view.shape = Shape();
  for (int d = 0; d < x.shape().rank(); ++d) {
    view.shape.append(x.shape()[order[d]]);
    view.stride[d] = plain.stride[order[d]];
  }
  return view_of(op, x, view, [&] {
    Attribute::Integers dims(order, order + x.shape().rank());
    return Attributes{{"order", std::move(dims)}};
  });
}

}  // namespace

Tensor concatenate(std::span<const Tensor> inputs, int dim) {
  require(!inputs.empty() && inputs.size() <= max_op_inputs, "[concatenate] Takes one to ",
          max_op_inputs, " inputs, got ", inputs.size());
  require(inputs[0].shape().rank() > 0, "[concatenate] Scalars cannot be joined; stack() them");
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

Tensor stack(std::span<const Tensor> inputs, int dim) {
  require(!inputs.empty() && inputs.size() <= max_op_inputs, "[stack] Takes one to ", max_op_inputs,
          " inputs, got ", inputs.size());
  const Shape& shape = inputs[0].shape();
  const int rank = shape.rank() + 1, at = dim < 0 ? dim + rank : dim;
  require(at >= 0 && at < rank, "[stack] Inputs of shape ", shape, " have no place ", dim,
          " for a new dimension");
  Shape with_one;
  for (int d = 0; d < rank; ++d) with_one.append(d == at ? 1 : shape[d < at ? d : d - 1]);
  std::array<Tensor, max_op_inputs> parts;
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    require(inputs[k].shape() == shape, "[stack] Shapes ", shape, " and ", inputs[k].shape(),
            " must be equal");
    parts[k] = inputs[k].reshape(with_one);
  }
  return concatenate(std::span(parts.data(), inputs.size()), at);
}

Tensor slice(const Tensor& x, int dim, int begin, int end, int step) {
  require(x.shape().rank() > 0, "[slice] A scalar has no part");
  dim = detail::normalize_dim("slice", dim, x);
  require(0 <= begin && begin <= end && end <= x.shape()[dim], "[slice] The range ", begin, " to ",
          end, " does not lie within dimension ", dim, " of shape ", x.shape());
  require(step >= 1, "[slice] The step must be at least 1, got ", step);
  const int count = (end - begin) / step + ((end - begin) % step > 0);
  View view(x.shape());
  view.offset = begin * view.stride[dim];
  if (count > 1) view.stride[dim] *= step;
  Shape shape;
  for (int d = 0; d < x.shape().rank(); ++d) shape.append(d == dim ? count : x.shape()[d]);
  view.shape = shape;
  return view_of("slice", x, view, [=] {
    return Attributes{{"dim", dim}, {"begin", begin}, {"end", end}, {"step", step}};
  });
}

Tensor transpose(const Tensor& x, int dim0, int dim1) {
  const int d0 = detail::normalize_dim("transpose", dim0, x);
  const int d1 = detail::normalize_dim("transpose", dim1, x);
  int order[Shape::max_rank];
  for (int d = 0; d < x.shape().rank(); ++d) order[d] = d == d0 ? d1 : d == d1 ? d0 : d;
  return reordered("transpose", x, order);
}

Tensor permute(const Tensor& x, std::initializer_list<int> dims) {
  const int rank = x.shape().rank();
  bool named[Shape::max_rank] = {};
  int order[Shape::max_rank], count = 0;
  require(static_cast<int>(dims.size()) == rank, "[permute] Shape ", x.shape(), " has ", rank,
          " dimensions, the order names ", dims.size());
  for (int dim : dims) {
    const int d = order[count++] = detail::normalize_dim("permute", dim, x);
    require(!named[d], "[permute] Dimension ", dim, " is named twice");
    named[d] = true;
  }
  return reordered("permute", x, order);
}

}  // namespace fovea
