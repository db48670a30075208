#include "layers/losses.h"

#include "core/debug.h"
#include "core/long_sum.h"
#include "layers/activations.h"
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

namespace {

// -sum_k t_k log p_k for targets that need not sum to 1, with dx = p sum(t) - t.
// `target_slope`, per class, is d t_k / d target_k; undefined where the target is no tensor.
Tensor against(const Tensor& logits, const Tensor& t, const Tensor& target,
               const Tensor& target_slope) {
  const Tensor log_probs = log_softmax(logits.detach(), 0);
  Tensor y = Tensor::per_sample({});
  const auto counted = [](const Lanes& t, const Lanes& l) {
    return t == Real(0) ? Lanes{} : t * l;  // 0 * -infinity would be NaN
  };
  const int classes = logits.size();
  y[0] = -blocked_sum<Lanes>(classes, [&](int k) { return counted(t[k], log_probs[k]); });
  const Lanes total = blocked_sum<Lanes>(classes, [&](int k) { return t[k]; });
  return record("cross_entropy", y, {logits, target}, [=](const Tensor& dy, GradSink& grad) {
    if (Tensor* dx = grad.wanted(0))
      for (int k = 0; k < classes; ++k)
        (*dx)[k] += dy[0] * (lane_math::exp(log_probs[k]) * total - t[k]);
    Tensor* dt = grad.wanted(1);
    for (int k = 0; dt && k < classes; ++k) {
      const Lanes slope = -target_slope.data()[k] * log_probs[k] * dy[0];
      if (dt->is_per_sample())
        (*dt)[k] += slope;
      else
        dt->data()[k] += sum_lanes(slope);
    }
  });
}

void check_options(const Tensor& logits, const CrossEntropyOptions& o) {
  require(o.label_smoothing >= 0 && o.label_smoothing <= 1,
          "[cross_entropy] The label smoothing must be in [0, 1], got ",
          static_cast<double>(o.label_smoothing));
  require(!o.weight || (!o.weight.is_per_sample() && o.weight.shape() == logits.shape()),
          "[cross_entropy] The weight of ", logits.size(), " classes must be shared ",
          logits.shape(), ", got ", o.weight);
  require(!o.weight || !o.weight.requires_grad(),
          "[cross_entropy] The weight of the classes gets no gradient; give it detach()ed");
}

}  // namespace

Tensor cross_entropy(const Tensor& logits, const Labels& labels,
                     const CrossEntropyOptions& options) {
  Labels known = labels;
  Lanes counts = broadcast(1);
  for (int lane = 0; lane < lane_count; ++lane)
    if (labels[lane] == options.ignore_index) known.values[lane] = 0, counts[lane] = 0;
  require_classes("cross_entropy", logits, known);
  check_options(logits, options);
  if (!options.weight && sum_lanes(counts) == lane_count)
    return cross_entropy(logits, labels, options.label_smoothing);
  const int classes = logits.size();
  const Real s = options.label_smoothing, others = s / static_cast<Real>(classes);
  const auto weight = [&](int k) { return options.weight ? options.weight.data()[k] : Real(1); };
  const Tensor t = Tensor::per_sample({classes});
  for (int k = 0; k < classes; ++k) t[k] = counts * (others * weight(k));
  for (int lane = 0; lane < lane_count; ++lane)
    t[known[lane]][lane] += counts[lane] * (1 - s) * weight(known[lane]);
  return against(logits, t, {}, {});
}

Tensor cross_entropy(const Tensor& logits, const Tensor& target,
                     const CrossEntropyOptions& options) {
  require(logits.is_per_sample() && logits.shape().rank() == 1 && logits.size() > 0,
          "[cross_entropy] The input must be one score for each class, per-sample [classes], got ",
          logits);
  require(target.shape() == logits.shape(), "[cross_entropy] The target of an input of shape ",
          logits.shape(), " must be a probability for each class, got ", target);
  check_options(logits, options);
  const int classes = logits.size();
  const Real s = options.label_smoothing, others = s / static_cast<Real>(classes);
  const Tensor t = Tensor::per_sample({classes}), slope = Tensor::shared({classes});
  for (int k = 0; k < classes; ++k) {
    const Real weight = options.weight ? options.weight.data()[k] : Real(1);
    const Lanes p = target.is_per_sample() ? target[k] : broadcast(target.data()[k]);
    slope.data()[k] = (1 - s) * weight;
    t[k] = slope.data()[k] * p + others * weight;
  }
  return against(logits, t, target, slope);
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
