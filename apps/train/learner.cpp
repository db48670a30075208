#include "apps/train/learner.h"

#include <cmath>
#include <limits>
#include <numeric>

#include "apps/networks/evaluate.h"
#include "core/debug.h"
#include "core/error.h"
#include "layers/losses.h"
#include "optim/adam.h"
#include "optim/clip.h"
#include "optim/sgd.h"

namespace fovea {

namespace {

Schedule make_plain_schedule(const TrainOptions& o, int batches, std::int64_t steps) {
  const double lr = *o.lr, gamma = o.gamma;
  if (*o.schedule == "step")
    return step_decay(
        {.lr = lr, .every = static_cast<std::int64_t>(o.decay_every) * batches, .gamma = gamma});
  if (*o.schedule == "exponential")
    return Schedule([lr, gamma, batches](std::int64_t step) {
      return lr * std::pow(gamma, static_cast<double>(step / batches));
    });
  if (*o.schedule == "cosine") return cosine_annealing({.lr = lr, .steps = steps});
  if (*o.schedule == "one-cycle") return one_cycle({.max_lr = lr, .total_steps = steps});
  return constant_schedule(lr);
}

// Steps that the schedule itself has, behind the warm-up.
std::int64_t scheduled_steps(const TrainOptions& o, int batches) {
  const std::int64_t steps = static_cast<std::int64_t>(o.epochs) * batches;
  require(o.warmup < steps, "--warmup ", o.warmup, " is not shorter than the run of ", steps,
          " steps");
  return steps - o.warmup;
}

std::optional<Schedule> make_momentum(const TrainOptions& o, int batches) {
  const bool moves = o.optimizer != "sgd" || o.momentum > 0;
  if (*o.schedule != "one-cycle" || !o.cycle_momentum || !moves) return std::nullopt;
  const Schedule cycle = one_cycle_momentum({.total_steps = scheduled_steps(o, batches)});
  const std::int64_t warmup = o.warmup;
  return Schedule(
      [cycle, warmup](std::int64_t step) { return cycle.at(step < warmup ? 0 : step - warmup); });
}

}  // namespace

std::unique_ptr<Optimizer> make_optimizer(const StnNetwork& network, const TrainOptions& o) {
  std::vector<ParameterGroup> groups;
  if (network.options().transformer)
    groups.push_back({.parameters = network.localization_parameters(),
                      .lr_scale = o.lr_loc_scale,
                      .name = "localization"});
  groups.push_back({.parameters = network.classifier_parameters(), .name = "classifier"});
  if (o.optimizer == "sgd")
    return std::make_unique<Sgd>(std::move(groups), SgdOptions{.lr = *o.lr,
                                                               .momentum = o.momentum,
                                                               .dampening = o.dampening,
                                                               .weight_decay = *o.weight_decay,
                                                               .nesterov = o.nesterov});
  if (o.optimizer == "adam")
    return std::make_unique<Adam>(
        std::move(groups),
        AdamOptions{.lr = *o.lr, .betas = o.betas, .eps = o.eps, .weight_decay = *o.weight_decay});
  return std::make_unique<AdamW>(
      std::move(groups),
      AdamWOptions{.lr = *o.lr, .betas = o.betas, .eps = o.eps, .weight_decay = *o.weight_decay});
}

Schedule make_schedule(const TrainOptions& o, int batches) {
  return linear_warmup(o.warmup, make_plain_schedule(o, batches, scheduled_steps(o, batches)));
}

Learner::Learner(Model& model, const TrainOptions& options, int batches)
    : network_(*model.network),
      options_(options),
      total_steps_(static_cast<std::int64_t>(options.epochs) * batches),
      parameters_(network_.parameters()),
      optimizer_(make_optimizer(network_, options)),
      schedule_(make_schedule(options, batches)),
      momentum_(make_momentum(options, batches)),
      correct_(static_cast<std::size_t>(tile_count(options.batch))) {}

Tensor Learner::tile_loss(const Tile& tile) {
  const Tensor log_probs = network_(tile.images);
  correct_[static_cast<std::size_t>(tile.index)] = count_correct(log_probs, tile);
  if (options_.label_smoothing == 0) return nll_loss(log_probs, tile.labels);
  // log-softmax of log-probabilities changes nothing, so they serve as scores.
  return cross_entropy(log_probs, tile.labels, static_cast<Real>(options_.label_smoothing));
}

void Learner::follow_schedule() {
  optimizer_->set_learning_rate(schedule_.at(optimizer_->steps()));
  if (!momentum_) return;
  const double value = momentum_->at(optimizer_->steps());
  if (auto* sgd = dynamic_cast<Sgd*>(optimizer_.get())) sgd->set_momentum(value);
  if (auto* adam = dynamic_cast<Adam*>(optimizer_.get())) adam->set_beta1(value);
}

StepResult Learner::step(const Batch& batch) {
  follow_schedule();
  StepResult result;
  result.lr = optimizer_->learning_rate();
  result.loss = train_step(batch, [this](const Tile& tile) { return tile_loss(tile); });
  if (!std::isfinite(result.loss)) explain_loss(batch, result.loss);
  result.correct = std::accumulate(correct_.begin(), correct_.begin() + tile_count(batch.size), 0);
  // Measured at every step, although it costs half a percent: one NaN in a gradient would spoil all
  // weights, and nothing else would tell before the next step.
  result.grad_norm = options_.clip_norm > 0 ? clip_grad_norm(parameters_, options_.clip_norm)
                                            : grad_norm(parameters_);
  if (!std::isfinite(result.grad_norm)) explain_gradient();
  if (options_.clip_value > 0) clip_grad_value(parameters_, options_.clip_value);
  optimizer_->step();
  return result;
}

void Learner::explain_loss(const Batch& batch, double loss) {
  std::string where = "each operation alone is finite";
  set_check_finite(true);
  try {
    train_step(batch, [this](const Tile& tile) { return tile_loss(tile); });
  } catch (const Error& error) {
    where = error.what();
  }
  set_check_finite(false);
  fail("training stopped before update ", optimizer_->steps() + 1, ": the loss is ", loss, ": ",
       where, "; try a smaller --lr than ", *options_.lr, ", or --clip-norm 1");
}

void Learner::explain_gradient() {
  for (const NamedTensor& parameter : network_.named_parameters()) {
    const Tensor grad = parameter.tensor.grad();
    if (!grad) continue;
    for (const Real value : grad.values())
      if (!std::isfinite(value))
        fail("training stopped before update ", optimizer_->steps() + 1, ": the gradient of ",
             parameter.name, " is ", static_cast<double>(value), "; try a smaller --lr than ",
             *options_.lr);
  }
  fail("training stopped before update ", optimizer_->steps() + 1,
       ": the norm of the gradients is not finite; try a smaller --lr than ", *options_.lr);
}

double Learner::theta_deviation(const Batch& batch) const {
  if (!network_.options().transformer) return std::numeric_limits<double>::quiet_NaN();
  Batch first = batch;
  first.size = std::min(batch.size, lane_count);
  double sum = 0;
  for_each_tile(first, [&](const Tile& tile) {
    const Tensor theta = network_.theta(tile.images);
    for (int i = 0; i < 6; ++i)
      for (int lane = 0; lane < tile.valid; ++lane)
        sum += std::abs(static_cast<double>(theta[i][lane]) - (i == 0 || i == 4));
  });
  return sum / (6.0 * first.size);
}

}  // namespace fovea
