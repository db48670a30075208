#include "layers/reduce.h"

#include "core/long_sum.h"
#include "layers/elementwise.h"
#include "layers/reduced_shape.h"

namespace fovea {

namespace detail {

Reduced reduced_shape(const char* op, const Tensor& x, std::initializer_list<int> dims,
                      bool keepdim) {
  bool reduce[Shape::max_rank] = {};
  for (int dim : dims) {
    const int d = normalize_dim(op, dim, x);
    require(!reduce[d], "[", op, "] Dimension ", dim, " of shape ", x.shape(), " is given twice");
    reduce[d] = true;
  }
  Reduced out{{}, {}, {}, keepdim};
  if (x.shape().rank() > 0) out.dims.assign(dims.begin(), dims.end());
  for (int d = 0; d < x.shape().rank(); ++d) {
    out.kept.append(reduce[d] ? 1 : x.shape()[d]);
    if (keepdim || !reduce[d]) out.result.append(reduce[d] ? 1 : x.shape()[d]);
  }
  return out;
}

Reduced reduced_to_scalar(const Tensor& x) {
  Reduced shape;
  for (int d = 0; d < x.shape().rank(); ++d) shape.kept.append(1), shape.dims.push_back(d);
  return shape;
}

}  // namespace detail

namespace {

using detail::Reduced;

template <class T>
void sum_elements(const detail::Broadcast& by, const T* x, double count, T* y, int size) {
  WideSums<T> sums(size);
  by.visit([&](int i, int, int j) { sums[j].add(x[i]); });
  for (int j = 0; j < size; ++j) y[j] = sums[j].over(count);
}

// y = (sum over the dimensions in which `shape.kept` has 1) / count
Tensor sum_over(OpName op, const Tensor& x, const Reduced& shape, double count) {
  const detail::Broadcast by(x.shape(), shape.kept);
  Tensor y = x.is_per_sample() ? Tensor::per_sample(shape.result) : Tensor::shared(shape.result);
  if (x.is_per_sample())
    sum_elements(by, x.lanes(), count, y.lanes(), y.size());
  else
    sum_elements(by, x.data(), count, y.data(), y.size());
  const Real weight = static_cast<Real>(1 / count);
  return record(
      op, y, {x},
      [by, weight](const Tensor& dy, GradSink& grad) {
        Tensor* dx = grad.wanted(0);
        if (!dx) return;
        if (dx->is_per_sample())
          by.visit([&](int i, int, int j) { (*dx)[i] += weight * dy[j]; });
        else
          by.visit([&](int i, int, int j) { dx->data()[i] += weight * dy.data()[j]; });
      },
      [&] {
        return Attributes{{"dims", shape.dims}, {"keepdim", shape.keepdim}};
      });
}

Tensor mean_over(const Tensor& x, const Reduced& shape) {
  require(x.size() > 0 || shape.kept.size() == 0, "[mean] The mean over no elements, shape ",
          x.shape());
  return sum_over("mean", x, shape, static_cast<double>(x.size()) / shape.kept.size());
}

}  // namespace

Tensor sum(const Tensor& x) {
  return sum_over("sum", x, detail::reduced_to_scalar(x), 1);
}

Tensor sum(const Tensor& x, std::initializer_list<int> dims, bool keepdim) {
  const Reduced shape = detail::reduced_shape("sum", x, dims, keepdim);
  return sum_over("sum", x, shape, 1);
}

Tensor mean(const Tensor& x) {
  return mean_over(x, detail::reduced_to_scalar(x));
}

Tensor mean(const Tensor& x, std::initializer_list<int> dims, bool keepdim) {
  const Reduced shape = detail::reduced_shape("mean", x, dims, keepdim);
  return mean_over(x, shape);
}

}  // namespace fovea
