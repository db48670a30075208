// max, min, argmax, argmin, amax and amin of layers/reduce.h.
#include "layers/elementwise.h"
#include "layers/reduce.h"
#include "layers/reduced_shape.h"

namespace fovea {

namespace {

using detail::Broadcast;
using detail::Reduced;

Tensor empty(const Tensor& x, const Shape& shape) {
  return x.is_per_sample() ? Tensor::per_sample(shape) : Tensor::shared(shape);
}

int lanes_of(const Tensor& x) {
  return x.is_per_sample() ? lane_count : 1;
}

void require_elements(const char* op, const Tensor& x, const Shape& result) {
  require(x.size() > 0 || result.size() == 0, "[", op, "] There is none of no elements, shape ",
          x.shape());
}

// Whether `a` takes the place of `b`: a NaN does, and keeps it.
template <bool largest>
bool beats(Real a, Real b) {
  return (largest ? a > b : a < b) || (std::isnan(a) && !std::isnan(b));
}

// Calls f(i, j) with places in the memory of x and of what it is reduced to, in order.
template <class F>
void visit(const Broadcast& by, int lanes, F f) {
  by.visit([&](int i, int, int j) {
    const long first_x = static_cast<long>(i) * lanes, first_y = static_cast<long>(j) * lanes;
    for (int lane = 0; lane < lanes; ++lane) f(first_x + lane, first_y + lane);
  });
}

// In each element of the result the place in memory of the winner.
template <bool largest>
Buffer<long> winners(const Tensor& x, const Broadcast& by, std::size_t count) {
  Buffer<long> best(count);
  std::fill_n(best.data(), count, -1L);
  const Real* values = x.data();
  visit(by, lanes_of(x), [&](long i, long j) {
    if (best[j] < 0 || beats<largest>(values[i], values[best[j]])) best[j] = i;
  });
  return best;
}

template <bool largest>
Extremum along(OpName op, OpName indices_op, const Tensor& x, int dim, bool keepdim) {
  if (x.shape().rank() == 0) {  // as [1], so that the dimension exists
    const Extremum one = along<largest>(op, indices_op, x.reshape({1}), dim, keepdim);
    return {one.values.reshape({}), one.indices.reshape({})};
  }
  const Reduced shape = detail::reduced_shape(op, x, {dim}, keepdim);
  require_elements(op, x, shape.result);
  const int d = detail::normalize_dim(op, dim, x), lanes = lanes_of(x);
  long inner = lanes;  // the distance of neighbours along the dimension
  for (int i = d + 1; i < x.shape().rank(); ++i) inner *= x.shape()[i];
  const auto attributes = [&] { return Attributes{{"dim", d}, {"keepdim", keepdim}}; };
  Tensor values = empty(x, shape.result), indices = empty(x, shape.result);
  const std::size_t count = values.real_count();
  Buffer<long> best = winners<largest>(x, Broadcast(x.shape(), shape.kept), count);
  for (std::size_t j = 0; j < count; ++j) {
    values.data()[j] = x.data()[best[j]];
    indices.data()[j] = static_cast<Real>(best[j] / inner % x.shape()[d]);
  }
  values = record(
      op, values, {x},
      [best = std::move(best), count](const Tensor& dy, GradSink& grad) {
        if (Tensor* dx = grad.wanted(0))
          for (std::size_t j = 0; j < count; ++j) dx->data()[best[j]] += dy.data()[j];
      },
      attributes);
  const auto no_gradient = [](const Tensor&, GradSink& grad) { grad.wanted(0); };
  return {values, record(indices_op, indices, {x}, no_gradient, attributes)};
}

template <bool largest>
Tensor over(OpName op, const Tensor& x, const Reduced& shape) {
  require_elements(op, x, shape.result);
  const Broadcast by(x.shape(), shape.kept);
  Tensor y = empty(x, shape.result);
  const std::size_t count = y.real_count();
  const Buffer<long> best = winners<largest>(x, by, count);
  for (std::size_t j = 0; j < count; ++j) y.data()[j] = x.data()[best[j]];
  return record(
      op, y, {x},
      [by, x = x.detach(), y = y.detach()](const Tensor& dy, GradSink& grad) {
        Tensor* dx = grad.wanted(0);
        if (!dx) return;
        // Of a NaN, which equals nothing, each element gets dy * 0 / 0: NaN.
        const Tensor equal = Tensor::like(y);
        equal.fill(0);
        const auto hit = [&](long i, long j) { return Real(x.data()[i] == y.data()[j]); };
        visit(by, lanes_of(x), [&](long i, long j) { equal.data()[j] += hit(i, j); });
        visit(by, lanes_of(x),
              [&](long i, long j) { dx->data()[i] += dy.data()[j] * hit(i, j) / equal.data()[j]; });
      },
      [&] {
        return Attributes{{"dims", shape.dims}, {"keepdim", shape.keepdim}};
      });
}

}  // namespace

Extremum max(const Tensor& x, int dim, bool keepdim) {
  return along<true>("max", "argmax", x, dim, keepdim);
}

Extremum min(const Tensor& x, int dim, bool keepdim) {
  return along<false>("min", "argmin", x, dim, keepdim);
}

Tensor argmax(const Tensor& x, int dim, bool keepdim) {
  return max(x, dim, keepdim).indices;
}

Tensor argmin(const Tensor& x, int dim, bool keepdim) {
  return min(x, dim, keepdim).indices;
}

Tensor amax(const Tensor& x) {
  return over<true>("amax", x, detail::reduced_to_scalar(x));
}

Tensor amax(const Tensor& x, std::initializer_list<int> dims, bool keepdim) {
  return over<true>("amax", x, detail::reduced_shape("amax", x, dims, keepdim));
}

Tensor amin(const Tensor& x) {
  return over<false>("amin", x, detail::reduced_to_scalar(x));
}

Tensor amin(const Tensor& x, std::initializer_list<int> dims, bool keepdim) {
  return over<false>("amin", x, detail::reduced_shape("amin", x, dims, keepdim));
}

}  // namespace fovea
