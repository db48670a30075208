// What elementwise operations share: one loop, one place where gradients are un-broadcast.
#pragma once

#include <algorithm>
#include <cstring>

#include "core/autograd.h"
#include "core/lane_math.h"
#include "core/long_sum.h"

namespace fovea::detail {

/// Calls f(i, count) for runs of sixteen Reals (a Lanes, whatever the kind of the tensor) and once
/// for what is left.
template <class F>
void for_each_chunk(std::size_t reals, F f) {
  std::size_t i = 0;
  for (; i + lane_count <= reals; i += lane_count) f(i, std::integral_constant<int, lane_count>());
  if (i < reals) f(i, static_cast<int>(reals - i));
}

inline Lanes load_reals(const Real* from, std::integral_constant<int, lane_count>) {
  Lanes v;
  std::memcpy(&v, from, sizeof v);
  return v;
}
inline Lanes load_reals(const Real* from, int count) {
  Lanes v = broadcast(1);  // no division by zero in the lanes that nobody reads
  std::memcpy(&v, from, static_cast<std::size_t>(count) * sizeof(Real));
  return v;
}
inline void store_reals(Real* to, const Lanes& v, int count) {
  std::memcpy(to, &v, static_cast<std::size_t>(count) * sizeof(Real));
}

/// The operation y = f(x), elementwise, with dx = derivative(x, y, dy); both take and return Lanes.
/// `attributes` as for record().
template <class F, class G, class A = decltype(no_attributes)>
Tensor unary(OpName op, const Tensor& x, F f, G derivative, const A& attributes = no_attributes) {
  Tensor y = Tensor::like(x);
  for_each_chunk(x.real_count(), [&, in = x.data(), out = y.data()](std::size_t i, auto count) {
    store_reals(out + i, f(load_reals(in + i, count)), count);
  });
  return record(
      op, y, {x},
      [x = x.detach(), y = y.detach(), derivative](const Tensor& dy, GradSink& grad) {
        bool fresh = false;
        Tensor* dx = grad.wanted(0, &fresh);
        if (!dx) return;
        Real* out = dx->data();
        for_each_chunk(x.real_count(), [&](std::size_t i, auto count) {
          Lanes g = derivative(load_reals(x.data() + i, count), load_reals(y.data() + i, count),
                               load_reals(dy.data() + i, count));
          if (!fresh) g += load_reals(out + i, count);
          store_reals(out + i, g, count);
        });
      },
      attributes);
}

/// The shape that both broadcast to. Throws Error naming `op` and both when they do not fit.
Shape broadcast_shape(const char* op, const Shape& a, const Shape& b);

/// How the elements of one or two operands spread over a result, as numpy broadcasts: shapes are
/// aligned at the last dimension, an extent of 1 repeats.
class Broadcast {
 public:
  /// Throws Error naming `op` and both shapes when they do not fit.
  Broadcast(const char* op, const Tensor& a, const Tensor& b);
  /// `reduced` repeated over the (larger) shape `full`; no check.
  Broadcast(const Shape& full, const Shape& reduced);
  /// Both repeated over `full`; no check.
  Broadcast(const Shape& full, bool per_sample, const Shape& a, const Shape& b);

  const Shape& shape() const { return shape_; }  ///< of the result
  bool is_per_sample() const { return per_sample_; }

  /// Calls f(i, ia, ib) for each element i of the result, in order, with the operands' elements.
  template <class F>
  void visit(F f) const {
    if (shape_.size() == 0) return;
    int index[Shape::max_rank] = {};
    const int last = rank_ - 1;
    int i = 0, ia = 0, ib = 0;
    for (;;) {
      for (int j = 0, a = ia, b = ib; j < extent_[last];
           ++j, a += step_a_[last], b += step_b_[last])
        f(i++, a, b);
      int d = last - 1;
      for (; d >= 0; --d) {
        ia += step_a_[d], ib += step_b_[d];
        if (++index[d] < extent_[d]) break;
        ia -= step_a_[d] * extent_[d], ib -= step_b_[d] * extent_[d];
        index[d] = 0;
      }
      if (d < 0) return;
    }
  }

 private:
  void plan(const Shape& a, const Shape& b);

  Shape shape_;
  bool per_sample_ = false;
  int rank_ = 0;  // after neighbouring dimensions that spread alike have become one; at least 1
  int extent_[Shape::max_rank], step_a_[Shape::max_rank], step_b_[Shape::max_rank];
};

/// Element i as Lanes: a shared tensor has the same value for all samples.
template <bool per_sample>
Lanes element(const Tensor& t, int i) {
  if constexpr (per_sample)
    return t[i];
  else
    return broadcast(t.data()[i]);
}

/// The one place that un-broadcasts: adds to `dx` (assigns when fresh) the sum of g(i, ia, ib) over
/// all elements, and over lanes where dx is shared and the result is not, that read the element.
template <bool first, class G>
void add_gradient(const Broadcast& by, const Tensor& dx, bool fresh, G g) {
  const auto own = [](int a, int b) { return first ? a : b; };
  const bool once = dx.size() == by.shape().size();  // nothing repeats: every element has one g
  if (fresh && once && dx.is_per_sample())
    return by.visit([&](int i, int a, int b) { dx[own(a, b)] = g(i, a, b); });
  if (fresh) dx.fill(0);
  if (once && dx.is_per_sample())
    return by.visit([&](int i, int a, int b) { dx[own(a, b)] += g(i, a, b); });
  if (!by.is_per_sample()) {
    WideSums<Real> sums(dx.size());
    by.visit([&](int i, int a, int b) { sums[own(a, b)].add(g(i, a, b)[0]); });
    for (int j = 0; j < dx.size(); ++j) dx.data()[j] += sums[j].value();
    return;
  }
  WideSums<Lanes> sums(dx.size());
  by.visit([&](int i, int a, int b) { sums[own(a, b)].add(g(i, a, b)); });
  for (int j = 0; j < dx.size(); ++j)
    if (dx.is_per_sample())
      dx[j] += sums[j].value();
    else
      dx.data()[j] += sum_lanes(sums[j].value());
}

/// Calls f with two compile-time flags: whether a and b are per sample.
template <class F>
void with_kinds(const Tensor& a, const Tensor& b, F f) {
  const std::true_type yes;
  const std::false_type no;
  if (a.is_per_sample())
    b.is_per_sample() ? f(yes, yes) : f(yes, no);
  else
    b.is_per_sample() ? f(no, yes) : f(no, no);
}

/// The operation y = f(a, b), elementwise with broadcasting, with da = derivative_a(a, b, dy) and
/// db = derivative_b(a, b, dy).
template <class F, class DA, class DB, class A = decltype(no_attributes)>
Tensor binary(OpName op, const Tensor& a, const Tensor& b, F f, DA derivative_a, DB derivative_b,
              const A& attributes = no_attributes) {
  const Broadcast by(op, a, b);
  Tensor y = by.is_per_sample() ? Tensor::per_sample(by.shape()) : Tensor::shared(by.shape());
  with_kinds(a, b, [&](auto lanes_a, auto lanes_b) {
    by.visit([&](int i, int ia, int ib) {
      const Lanes value = f(element<lanes_a>(a, ia), element<lanes_b>(b, ib));
      if constexpr (lanes_a || lanes_b)
        y[i] = value;
      else
        y.data()[i] = value[0];
    });
  });
  return record(
      op, y, {a, b},
      [=, a = a.detach(), b = b.detach()](const Tensor& dy, GradSink& grad) {
        // One operand after the other: they may be the same tensor, and then only the
        // first is fresh.
        with_kinds(a, b, [&](auto lanes_a, auto lanes_b) {
          constexpr bool lanes_y = lanes_a || lanes_b;
          bool fresh = false;
          if (Tensor* da = grad.wanted(0, &fresh))
            add_gradient<true>(by, *da, fresh, [&](int i, int ia, int ib) {
              return derivative_a(element<lanes_a>(a, ia), element<lanes_b>(b, ib),
                                  element<lanes_y>(dy, i));
            });
          if (Tensor* db = grad.wanted(1, &fresh))
            add_gradient<false>(by, *db, fresh, [&](int i, int ia, int ib) {
              return derivative_b(element<lanes_a>(a, ia), element<lanes_b>(b, ib),
                                  element<lanes_y>(dy, i));
            });
        });
      },
      attributes);
}

/// `dim` counted from the front: -1 is the last of x. As in PyTorch a scalar takes 0 and -1, too,
/// and answers 0. Throws Error naming `op`.
int normalize_dim(const char* op, int dim, const Tensor& x);

}  // namespace fovea::detail
