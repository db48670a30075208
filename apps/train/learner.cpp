#include "apps/train/learner.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "apps/networks/evaluate.h"
#include "apps/train/optimizers.h"
#include "apps/train/schedules.h"
#include "core/debug.h"
#include "core/error.h"
#include "core/trace.h"
#include "layers/arithmetic.h"
#include "layers/losses.h"
#include "layers/spatial_transformer.h"
#include "layers/warp_map.h"
#include "optim/clip.h"

namespace fovea {

namespace {

// What messages about a loss that is not finite name.
struct LossScope final : Scope {
  std::string path() const override { return "loss"; }
};

std::optional<Schedule> make_momentum(const TrainOptions& o, int batches) {
  const bool moves = !find_optimizer(o.optimizer).momentum || o.momentum > 0;
  if (*o.schedule != "one-cycle" || !o.cycle_momentum || !moves) return std::nullopt;
  const Schedule cycle = one_cycle_momentum({.total_steps = scheduled_steps(o, batches)});
  const std::int64_t warmup = o.warmup;
  return Schedule(
      [cycle, warmup](std::int64_t step) { return cycle.at(step < warmup ? 0 : step - warmup); });
}

}  // namespace

std::unique_ptr<Optimizer> make_optimizer(const Module& network, const TrainOptions& o) {
  ParameterGroup localization{
      .parameters = {}, .lr_scale = *o.lr_loc_scale, .name = "localization"};
  std::set<const Real*> taken;
  for (const SpatialTransformer* transformer : spatial_transformers(network))
    for (const Tensor& p : transformer->localization_parameters())
      if (taken.insert(p.data()).second) localization.parameters.push_back(p);
  ParameterGroup rest{.parameters = {}, .name = "classifier"};
  for (const Tensor& p : network.parameters())
    if (taken.insert(p.data()).second) rest.parameters.push_back(p);
  std::vector<ParameterGroup> groups;
  for (ParameterGroup* group : {&localization, &rest})
    if (!group->parameters.empty()) groups.push_back(std::move(*group));
  return find_optimizer(o.optimizer).make(std::move(groups), o);
}

Learner::Learner(Model& model, const TrainOptions& options, int batches, Loss loss, Ranks& ranks)
    : network_(*model.network),
      options_(options),
      loss_(std::move(loss)),
      total_steps_(static_cast<std::int64_t>(options.epochs) * batches),
      parameters_(network_.parameters()),
      ranks_(ranks),
      optimizer_(make_optimizer(network_, options)),
      schedule_(make_schedule(options, batches)),
      momentum_(make_momentum(options, batches)),
      plateau_(make_plateau(options)),
      correct_(static_cast<std::size_t>(tile_count(options.batch))) {
  if (ranks.size() > 1) sum_.emplace(ranks, parameters_);
  if (loss_) return;
  const auto smoothing = static_cast<Real>(options.label_smoothing);
  if (smoothing == 0)
    loss_ = nll_loss;
  else  // log-softmax of log-probabilities changes nothing, so they serve as scores
    loss_ = [smoothing](const Tensor& y, const Labels& l) {
      return cross_entropy(y, l, smoothing);
    };
}

Tensor Learner::tile_loss(const Tile& tile) {
  if (options_.warp_penalty == 0 && options_.bending_penalty == 0)
    return loss_of(network_(tile.images), tile);
  const TransformerObserver observer;
  Tensor loss = loss_of(network_(tile.images), tile);
  for (const Transformation& t : observer.seen) {
    const Warp& warp = t.transformer->warp();
    if (options_.warp_penalty > 0)
      loss =
          loss + scale(identity_penalty(warp, t.theta), static_cast<Real>(options_.warp_penalty));
    if (options_.bending_penalty > 0 && warp.bends())
      loss =
          loss + scale(warp.bending_energy(t.theta), static_cast<Real>(options_.bending_penalty));
  }
  return loss;
}

Tensor Learner::loss_of(const Tensor& output, const Tile& tile) {
  correct_[static_cast<std::size_t>(tile.index)] = count_correct(output, tile);
  static const LossScope scope;
  const ScopeGuard guard(scope);
  return loss_(output, tile.labels);
}

void Learner::follow_schedule() {
  const double rate = schedule_.at(optimizer_->steps());
  optimizer_->set_learning_rate(plateau_ ? std::min(rate, plateau_->learning_rate()) : rate);
  if (!momentum_) return;
  optimizer_->set_momentum(momentum_->at(optimizer_->steps()));
}

void Learner::finish_epoch(double test_loss) {
  if (plateau_) plateau_->step(test_loss);
}

std::optional<ReduceOnPlateau::State> Learner::plateau() const {
  return plateau_ ? std::optional(plateau_->state()) : std::nullopt;
}

void Learner::restore_plateau(const std::optional<ReduceOnPlateau::State>& state) {
  if (!plateau_) return;
  require(state.has_value(), "no state of --schedule plateau to go on from");
  plateau_->restore(*state);
}

// The gradient of the whole batch into the parameters, and what it was found with.
void Learner::sum_gradients(const Batch& batch, int stop, StepResult& result) {
  const auto loss = [this](const Tile& tile) { return tile_loss(tile); };
  const auto correct = [&] {
    return std::accumulate(correct_.begin(), correct_.begin() + tile_count(batch.size), 0);
  };
  if (!sum_) {
    result.loss = train_step(batch, loss);
    result.correct = correct();
    return;
  }
  const StepParts parts = train_step_parts(batch, loss);
  const StepSum::Found all = sum_->sum(parts, batch, {.correct = correct(), .stop = stop});
  result.loss = all.loss, result.correct = all.correct, result.stop = all.stop;
}

StepResult Learner::step(const Batch& batch, int stop) {
  follow_schedule();
  StepResult result;
  result.lr = optimizer_->learning_rate();
  sum_gradients(batch, stop, result);
  if (!std::isfinite(result.loss)) explain_loss(batch, result.loss);
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
  std::string where;
  set_check_finite(true);
  try {
    train_step_parts(batch, [this](const Tile& tile) { return tile_loss(tile); });
  } catch (const Error& error) {
    where = error.what();
  }
  set_check_finite(false);
  where = first_text(ranks_, where);  // all ranks have found the loss, and one of them the cause
  if (where.empty()) where = "each operation alone is finite";
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
  Batch first = batch;
  first.size = std::min(batch.size, lane_count);
  double sum = 0;
  std::int64_t count = 0;
  for_each_tile(first, [&](const Tile& tile) {
    const TransformerObserver observer;
    network_(tile.images);
    for (const Transformation& t : observer.seen) {
      const std::vector<Real> identity = t.transformer->warp().identity();
      for (int i = 0; i < t.theta.size(); ++i)
        for (int lane = 0; lane < tile.valid; ++lane, ++count)
          sum += std::abs(
              static_cast<double>(t.theta[i][lane] - identity[static_cast<std::size_t>(i)]));
    }
  });
  return count ? sum / static_cast<double>(count) : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace fovea
