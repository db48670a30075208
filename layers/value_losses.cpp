// The losses of values that losses.h declares.
#include "core/long_sum.h"
#include "core/native.h"
#include "layers/activations.h"
#include "layers/arithmetic.h"
#include "layers/elementwise.h"
#include "layers/losses.h"
#include "layers/reduce.h"

namespace fovea {

namespace {

void require_values(const char* op, const Tensor& x, const Tensor& target) {
  require(x.shape() == target.shape(), "[", op, "] The shape ", x.shape(),
          " of the input must equal the shape ", target.shape(), " of the target");
  require(x.is_per_sample() || target.is_per_sample(), "[", op, "] ", x, " and ", target,
          ": at least one must be per sample");
  require(x.size() > 0, "[", op, "] The mean over no elements, shape ", x.shape());
}

// The mean of value(d), d = x - target, with the derivative steepness * slope(d).
template <class F, class G>
Tensor mean_loss(OpName op, const Tensor& x, const Tensor& target, F value, G slope,
                 Real steepness = 1) {
  require_values(op, x, target);
  const Real weight = steepness / static_cast<Real>(x.size());
  const Tensor difference = Tensor::per_sample(x.shape());
  WideSum<Lanes> sum;
  detail::with_kinds(x, target, [&](auto lanes_x, auto lanes_target) {
    for (int i = 0; i < x.size(); ++i) {
      difference[i] = detail::element<lanes_x>(x, i) - detail::element<lanes_target>(target, i);
      sum.add(value(difference[i]));
    }
  });
  Tensor y = Tensor::per_sample({});
  y[0] = sum.over(x.size());
  return record(op, y, {x, target}, [=](const Tensor& dy, GradSink& grad) {
    const Lanes share = weight * dy[0];
    for (int input = 0; input < 2; ++input) {
      Tensor* dx = grad.wanted(input);
      if (!dx) continue;
      const Lanes factor = input == 0 ? share : -share;
      for (int i = 0; i < difference.size(); ++i) {
        const Lanes g = factor * slope(difference[i]);
        if (dx->is_per_sample())
          (*dx)[i] += g;
        else
          dx->data()[i] += sum_lanes(g);
      }
    }
  });
}

Lanes size_of(const Lanes& d) {
  return map_natives([](const Native& p) { return p < 0 ? -p : p; }, d);
}

Lanes sign_of(const Lanes& d) {
  return map_natives(
      [](const Native& p) {
        const Native below = p < 0 ? Native{} - 1 : Native{};
        return p > 0 ? Native{} + 1 : below;  // 0 of NaN, as in PyTorch
      },
      d);
}

}  // namespace

Tensor mse_loss(const Tensor& x, const Tensor& target) {
  return mean_loss(
      "mse_loss", x, target, [](const Lanes& d) { return d * d; }, [](const Lanes& d) { return d; },
      2);
}

Tensor l1_loss(const Tensor& x, const Tensor& target) {
  return mean_loss("l1_loss", x, target, size_of, sign_of);
}

Tensor huber_loss(const Tensor& x, const Tensor& target, Real delta) {
  require(delta > 0, "[huber_loss] delta must be positive, got ", static_cast<double>(delta));
  return mean_loss(
      "huber_loss", x, target,
      [delta](const Lanes& d) {
        const Lanes size = size_of(d);
        return size <= delta ? Real(0.5) * d * d : delta * (size - Real(0.5) * delta);
      },
      [delta](const Lanes& d) { return size_of(d) > delta ? delta * sign_of(d) : d; });
}

Tensor smooth_l1_loss(const Tensor& x, const Tensor& target, Real beta) {
  require(beta >= 0, "[smooth_l1_loss] beta must be zero or more, got ", static_cast<double>(beta));
  if (beta == 0) return mean_loss("smooth_l1_loss", x, target, size_of, sign_of);
  return mean_loss(
      "smooth_l1_loss", x, target,
      [beta](const Lanes& d) {
        const Lanes size = size_of(d);
        return size < beta ? Real(0.5) * d * d / beta : size - Real(0.5) * beta;
      },
      [beta](const Lanes& d) { return size_of(d) >= beta ? sign_of(d) : d / beta; });
}

Tensor binary_cross_entropy_with_logits(const Tensor& x, const Tensor& target,
                                        const BceOptions& options) {
  const char* const op = "binary_cross_entropy_with_logits";
  require_values(op, x, target);
  for (const Tensor* w : {&options.weight, &options.pos_weight})
    if (*w)
      require(detail::broadcast_shape(op, w->shape(), x.shape()) == x.shape(), "[", op,
              "] A weight of shape ", w->shape(), " does not fit an input of shape ", x.shape());
  // log(1 - sigmoid(x)) = log(sigmoid(x)) - x
  Tensor log_weight = options.pos_weight ? (options.pos_weight - 1) * target + 1 : Tensor();
  Tensor log_part = logsigmoid(x);
  if (log_weight) log_part = log_weight * log_part;
  Tensor loss = (1 - target) * x - log_part;
  if (options.weight) loss = options.weight * loss;
  return mean(loss);
}

}  // namespace fovea
