#include "layers/reduce.h"

#include "layers/elementwise.h"

namespace fovea {

namespace {

struct Reduced {
  Shape kept;    // reduced dimensions as 1
  Shape result;  // without them, unless they shall stay
  Attribute::Integers dims;
  bool keepdim = false;
};

Reduced reduced_shape(const char* op, const Tensor& x, std::initializer_list<int> dims,
                      bool keepdim) {
  bool reduce[Shape::max_rank] = {};
  for (int dim : dims) {
    const int d = detail::normalize_dim(op, dim, x);
    require(!reduce[d], "[", op, "] Dimension ", dim, " of shape ", x.shape(), " is given twice");
    reduce[d] = true;
  }
  Reduced out{{}, {}, {dims.begin(), dims.end()}, keepdim};
  for (int d = 0; d < x.shape().rank(); ++d) {
    out.kept.append(reduce[d] ? 1 : x.shape()[d]);
    if (keepdim || !reduce[d]) out.result.append(reduce[d] ? 1 : x.shape()[d]);
  }
  return out;
}

// y = weight * (sum over the dimensions in which `shape.kept` has 1)
Tensor weighted_sum(OpName op, const Tensor& x, const Reduced& shape, Real weight) {
  const detail::Broadcast by(x.shape(), shape.kept);
  Tensor y = Tensor::zeros(shape.result, x.is_per_sample());
  if (x.is_per_sample()) {
    by.visit([&](int i, int, int j) { y[j] += x[i]; });
    for (int j = 0; j < y.size(); ++j) y[j] *= weight;
  } else {
    by.visit([&](int i, int, int j) { y.data()[j] += x.data()[i]; });
    for (Real& value : y.values()) value *= weight;
  }
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

Reduced all(const Tensor& x) {
  Reduced shape;
  for (int d = 0; d < x.shape().rank(); ++d) shape.kept.append(1), shape.dims.push_back(d);
  return shape;
}

Tensor weighted_mean(const Tensor& x, const Reduced& shape) {
  require(x.size() > 0, "[mean] The mean over no elements, shape ", x.shape());
  const Real weight = static_cast<Real>(shape.kept.size()) / static_cast<Real>(x.size());
  return weighted_sum("mean", x, shape, weight);
}

}  // namespace

Tensor sum(const Tensor& x) {
  return weighted_sum("sum", x, all(x), 1);
}

Tensor sum(const Tensor& x, std::initializer_list<int> dims, bool keepdim) {
  const Reduced shape = reduced_shape("sum", x, dims, keepdim);
  return weighted_sum("sum", x, shape, 1);
}

Tensor mean(const Tensor& x) {
  return weighted_mean(x, all(x));
}

Tensor mean(const Tensor& x, std::initializer_list<int> dims, bool keepdim) {
  const Reduced shape = reduced_shape("mean", x, dims, keepdim);
  return weighted_mean(x, shape);
}

}  // namespace fovea
