// Losses: one value a sample; train_step takes the mean over the batch.
#pragma once

#include "core/step.h"
#include "core/tensor.h"

namespace fovea {

/// -log_probs[label], the negative log-likelihood. `log_probs` is per sample [classes], the result
/// per sample []. Throws for another shape and for a label outside of [0, classes).
Tensor nll_loss(const Tensor& log_probs, const Labels& labels);

/// nll_loss(log_softmax(logits), labels) in one operation, without overflow. With label_smoothing
/// s the target gives 1 - s to the label and s / classes to every class (Szegedy et al. 2016, as
/// PyTorch computes it). Shapes and errors as for nll_loss; throws unless 0 <= s <= 1.
Tensor cross_entropy(const Tensor& logits, const Labels& labels, Real label_smoothing = 0);

struct CrossEntropyOptions {
  Tensor weight = {};       ///< of the classes, shared [classes], a constant; undefined: all are 1
  int ignore_index = -100;  ///< samples with this label have loss and gradient 0
  Real label_smoothing = 0;
};

/// cross_entropy with weighted classes and ignored samples, by PyTorch's formula for
/// reduction="none": the loss is -sum_k weight_k t_k log p_k with the smoothed target t. (The mean
/// over a batch is then one over its samples, not over their weights.) Throws also for a weight
/// that is not shared [classes].
Tensor cross_entropy(const Tensor& logits, const Labels& labels,
                     const CrossEntropyOptions& options);

/// The same against the probability of each class, `target` of the shape of logits and either kind;
/// it has a gradient, too. A target of 0 counts nothing, even against a score of -infinity.
Tensor cross_entropy(const Tensor& logits, const Tensor& target,
                     const CrossEntropyOptions& options = {});

// Losses of values: the mean over elements, per sample []. The shapes of x and target must be
// equal, not empty, and at least one of the two per sample, or Error.

/// (x - target)^2
Tensor mse_loss(const Tensor& x, const Tensor& target);

/// |x - target|; the gradient at 0 is 0.
Tensor l1_loss(const Tensor& x, const Tensor& target);

/// d^2 / 2 where |d| = |x - target| <= delta, else delta (|d| - delta / 2). Throws unless delta >
/// 0.
Tensor huber_loss(const Tensor& x, const Tensor& target, Real delta = 1);

/// d^2 / (2 beta) where |d| < beta, else |d| - beta / 2: huber_loss / beta, and l1_loss for beta 0.
/// Throws for a negative beta.
Tensor smooth_l1_loss(const Tensor& x, const Tensor& target, Real beta = 1);

struct BceOptions {
  Tensor weight = {};      ///< of the elements, broadcast to x
  Tensor pos_weight = {};  ///< of the positive part of each, broadcast to x
};

/// -weight (pos_weight target log(sigmoid(x)) + (1 - target) log(1 - sigmoid(x))), exact for scores
/// of any size. Targets are usually 0 or 1 and may be anything.
Tensor binary_cross_entropy_with_logits(const Tensor& x, const Tensor& target,
                                        const BceOptions& options = {});

/// The class with the highest score of one lane; the first of equal ones.
int most_probable(const Tensor& scores, int lane);

/// Correct answers among the samples of a tile that count.
int count_correct(const Tensor& log_probs, const Tile& tile);

}  // namespace fovea
