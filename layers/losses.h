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

/// The mean over elements of (x - target)^2; the result is per sample []. The shapes must be equal
/// and at least one of the two per sample.
Tensor mse_loss(const Tensor& x, const Tensor& target);

/// The class with the highest score of one lane; the first of equal ones.
int most_probable(const Tensor& scores, int lane);

/// Correct answers among the samples of a tile that count.
int count_correct(const Tensor& log_probs, const Tile& tile);

}  // namespace fovea
