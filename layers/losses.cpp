#include "layers/losses.h"

#include "core/debug.h"
#include "core/long_sum.h"
#include "layers/elementwise.h"

namespace fovea {

namespace {

void require_classes(const char* op, const Tensor& x, const Labels& labels) {
  require(x.is_per_sample() && x.shape().rank() == 1, "[", op,
          "] The input must be one score for each class, per-sample [classes], got ", x);
  for (int lane = 0; lane < lane_count; ++lane)
    require(labels[lane] >= 0 && labels[lane] < x.size(), "[", op, "] The label of sample ", lane,
            " of this tile is ", labels[lane], ", but an input of shape ", x.shape(),
            " has the classes 0 to ", x.size() - 1);
}

}  // namespace

Tensor nll_loss(const Tensor& log_probs, const Labels& labels) {
  require_classes("nll_loss", log_probs, labels);
  Tensor y = Tensor::per_sample({});
  for (int lane = 0; lane < lane_count; ++lane) y[0][lane] = -log_probs[labels[lane]][lane];
  return record("nll_loss", y, {log_probs}, [labels](const Tensor& dy, GradSink& grad) {
    if (Tensor* dx = grad.wanted(0))
      for (int lane = 0; lane < lane_count; ++lane) (*dx)[labels[lane]][lane] -= dy[0][lane];
  });
}

Tensor cross_entropy(const Tensor& logits, const Labels& labels, Real label_smoothing) {
  require_classes("cross_entropy", logits, labels);
  require(label_smoothing >= 0 && label_smoothing <= 1,
          "[cross_entropy] The label smoothing must be in [0, 1], got ",
          static_cast<double>(label_smoothing));
  const int classes = logits.size();
  const Real others = label_smoothing / static_cast<Real>(classes);
  Lanes top = logits[0];
  for (int k = 1; k < classes; ++k) top = max(logits[k], top);
  Tensor probs = Tensor::like(logits);
  const Lanes sum = blocked_sum<Lanes>(
      classes, [&](int k) { return probs[k] = lane_math::exp(logits[k] - top); });
  const Lanes log_sum = lane_math::log(sum);
  const Lanes scale = Real(1) / sum;
  for (int k = 0; k < classes; ++k) probs[k] *= scale;
  Lanes chosen;
  for (int lane = 0; lane < lane_count; ++lane)
    chosen[lane] = logits[labels[lane]][lane] - top[lane];
  Tensor y = Tensor::per_sample({});
  // -sum_k target_k (shifted_k - log_sum), and the targets sum to 1.
  y[0] = log_sum - chosen;
  if (label_smoothing != 0)  // 0 * (the sum of infinite scores) would be NaN
    y[0] = log_sum - (1 - label_smoothing) * chosen -
           others * blocked_sum<Lanes>(classes, [&](int k) { return logits[k] - top; });
  return record("cross_entropy", y, {logits},
                [=, probs = std::move(probs)](const Tensor& dy, GradSink& grad) {
                  Tensor* dx = grad.wanted(0);
                  if (!dx) return;
                  for (int k = 0; k < probs.size(); ++k) (*dx)[k] += dy[0] * (probs[k] - others);
                  for (int lane = 0; lane < lane_count; ++lane)
                    (*dx)[labels[lane]][lane] -= dy[0][lane] * (1 - label_smoothing);
                });
}

Tensor mse_loss(const Tensor& x, const Tensor& target) {
  require(x.shape() == target.shape(), "[mse_loss] The shape ", x.shape(),
          " of the input must equal the shape ", target.shape(), " of the target");
  require(x.is_per_sample() || target.is_per_sample(), "[mse_loss] ", x, " and ", target,
          ": at least one must be per sample");
  require(x.size() > 0, "[mse_loss] The mean over no elements, shape ", x.shape());
  const Real weight = 1 / static_cast<Real>(x.size());
  const Tensor difference = Tensor::per_sample(x.shape());
  WideSum<Lanes> sum;
  detail::with_kinds(x, target, [&](auto lanes_x, auto lanes_target) {
    for (int i = 0; i < x.size(); ++i) {
      difference[i] = detail::element<lanes_x>(x, i) - detail::element<lanes_target>(target, i);
      sum.add(difference[i] * difference[i]);
    }
  });
  Tensor y = Tensor::per_sample({});
  y[0] = sum.over(x.size());
  return record("mse_loss", y, {x, target}, [=](const Tensor& dy, GradSink& grad) {
    const Lanes slope = 2 * weight * dy[0];
    for (int input = 0; input < 2; ++input) {
      Tensor* dx = grad.wanted(input);
      if (!dx) continue;
      const Lanes factor = input == 0 ? slope : -slope;
      for (int i = 0; i < difference.size(); ++i) {
        if (dx->is_per_sample())
          (*dx)[i] += factor * difference[i];
        else
          dx->data()[i] += sum_lanes(factor * difference[i]);
      }
    }
  });
}

int most_probable(const Tensor& scores, int lane) {
  int best = 0;
  for (int k = 1; k < scores.size(); ++k)
    if (scores[k][lane] > scores[best][lane]) best = k;
  return best;
}

int count_correct(const Tensor& log_probs, const Tile& tile) {
  int correct = 0;
  for (int lane = 0; lane < tile.valid; ++lane)
    correct += most_probable(log_probs, lane) == tile.labels[lane];
  return correct;
}

}  // namespace fovea
