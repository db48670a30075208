// softmax and log_softmax: what activations.h declares of work along one dimension.
#include "core/long_sum.h"
#include "layers/activations.h"
#include "layers/elementwise.h"

namespace fovea {

namespace {

// A tensor seen as [outer, count, inner], to work along the middle one.
struct Along {
  int outer = 1, count = 1, inner = 1;

  Along(const char* op, const Tensor& x, int dim) {
    const int d = detail::normalize_dim(op, dim, x);
    count = x.shape()[d];
    for (int i = 0; i < d; ++i) outer *= x.shape()[i];
    for (int i = d + 1; i < x.shape().rank(); ++i) inner *= x.shape()[i];
  }

  // Calls f(first) with the index of the first of `count` elements, `inner` apart.
  template <class F>
  void for_each(F f) const {
    if (count == 0) return;
    for (int o = 0; o < outer; ++o)
      for (int i = 0; i < inner; ++i) f(o * count * inner + i);
  }

  // The sum of term(i) over those elements, of the type of `like`'s.
  template <class T, class F>
  T sum(T* /*like*/, int first, F term) const {
    return blocked_sum<T>(count, [&](int k) { return term(first + k * inner); });
  }
};

// Calls f(x, y) with both tensors' elements as what they are: Lanes or Real.
template <class F>
void with_elements(const Tensor& x, const Tensor& y, F f) {
  if (x.is_per_sample())
    f(x.lanes(), y.lanes());
  else
    f(x.data(), y.data());
}

template <class T>
T largest(const T* x, const Along& along) {
  T top = x[0];
  for (int k = 1; k < along.count; ++k) top = lane_math::max(x[k * along.inner], top);
  return top;
}

// Calls f(y, dy, dx) with the elements of all three.
template <class F>
void with_gradients(const Tensor& y, const Tensor& dy, const Tensor& dx, F f) {
  if (y.is_per_sample())
    f(y.lanes(), dy.lanes(), dx.lanes());
  else
    f(y.data(), dy.data(), dx.data());
}

}  // namespace

// A scalar is worked on as [1], so that the dimension exists.
Tensor log_softmax(const Tensor& x, int dim) {
  if (x.shape().rank() == 0) return log_softmax(x.reshape({1}), dim).reshape({});
  const Along along("log_softmax", x, dim);
  Tensor y = Tensor::like(x);
  with_elements(x, y, [&](const auto* in, auto* out) {
    along.for_each([&](int first) {
      const auto top = largest(in + first, along);
      const auto log_sum = lane_math::log(along.sum(out, first, [&](int i) {
        out[i] = in[i] - top;
        return lane_math::exp(out[i]);
      }));
      for (int k = 0, i = first; k < along.count; ++k, i += along.inner) out[i] -= log_sum;
    });
  });
  return record(
      "log_softmax", y, {x},
      [along, y = y.detach()](const Tensor& dy, GradSink& grad) {
        Tensor* dx = grad.wanted(0);
        if (!dx) return;
        with_gradients(y, dy, *dx, [&](const auto* y, const auto* dy, auto* dx) {
          along.for_each([&](int first) {
            const auto total = along.sum(dx, first, [&](int i) { return dy[i]; });
            for (int k = 0, i = first; k < along.count; ++k, i += along.inner)
              dx[i] += dy[i] - lane_math::exp(y[i]) * total;
          });
        });
      },
      [=] {
        return Attributes{{"dim", dim}};
      });
}

Tensor softmax(const Tensor& x, int dim) {
  if (x.shape().rank() == 0) return softmax(x.reshape({1}), dim).reshape({});
  const Along along("softmax", x, dim);
  Tensor y = Tensor::like(x);
  with_elements(x, y, [&](const auto* in, auto* out) {
    along.for_each([&](int first) {
      const auto top = largest(in + first, along);
      const auto sum =
          along.sum(out, first, [&](int i) { return out[i] = lane_math::exp(in[i] - top); });
      for (int k = 0, i = first; k < along.count; ++k, i += along.inner) out[i] /= sum;
    });
  });
  return record(
      "softmax", y, {x},
      [along, y = y.detach()](const Tensor& dy, GradSink& grad) {
        Tensor* dx = grad.wanted(0);
        if (!dx) return;
        with_gradients(y, dy, *dx, [&](const auto* y, const auto* dy, auto* dx) {
          along.for_each([&](int first) {
            const auto total = along.sum(dx, first, [&](int i) { return dy[i] * y[i]; });
            for (int k = 0, i = first; k < along.count; ++k, i += along.inner)
              dx[i] += y[i] * (dy[i] - total);
          });
        });
      },
      [=] {
        return Attributes{{"dim", dim}};
      });
}

}  // namespace fovea
