// Learning-rate schedules: pure functions of the step number, so that resuming needs nothing else.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>
#include <vector>

namespace fovea {

/// A value (learning rate, momentum) for every step, counted from 0. A step is whatever the caller
/// counts, updates or epochs:
///     optimizer.set_learning_rate(schedule.at(optimizer.steps()));
///     optimizer.step();
/// Any function of the step is a schedule: Schedule s = [](std::int64_t step) { ... };
class Schedule {
 public:
  template <class F>
  requires(!std::same_as<std::remove_cvref_t<F>, Schedule> &&
           std::is_invocable_r_v<double, const F&, std::int64_t>) Schedule(F&& value)
      : value_(std::forward<F>(value)) {}  // implicit, for lambdas

  /// Error: step negative, or beyond the end of a schedule that has one (one_cycle).
  double at(std::int64_t step) const;

 private:
  std::function<double(std::int64_t)> value_;
};

// All of these throw Error for a rate or factor that is negative, NaN or infinite, and for lengths
// that are not positive.

/// The same value at every step.
Schedule constant_schedule(double lr);

struct StepDecayOptions {
  double lr;           ///< at the start
  std::int64_t every;  ///< steps between two decays
  double gamma = 0.1;  ///< factor of one decay
};
/// lr * gamma^floor(step / every); torch.optim.lr_scheduler.StepLR.
Schedule step_decay(const StepDecayOptions& options);

struct MultiStepOptions {
  double lr;                             ///< at the start
  std::vector<std::int64_t> milestones;  ///< steps of the decays, in any order
  double gamma = 0.1;                    ///< factor of one decay
};
/// lr * gamma^(milestones up to this step); torch.optim.lr_scheduler.MultiStepLR. Error: no
/// milestone, a negative one.
Schedule multi_step_decay(const MultiStepOptions& options);

/// lr * gamma^step; torch.optim.lr_scheduler.ExponentialLR.
Schedule exponential_decay(double lr, double gamma);

struct CosineOptions {
  double lr;           ///< at the start
  std::int64_t steps;  ///< until eta_min is reached
  double eta_min = 0;
};
/// eta_min + (lr - eta_min) * (1 + cos(pi * step / steps)) / 2, which rises again after `steps`;
/// torch.optim.lr_scheduler.CosineAnnealingLR (Loshchilov and Hutter 2017, without restarts).
Schedule cosine_annealing(const CosineOptions& options);

struct WarmRestartOptions {
  double lr;                ///< at the start, and of every restart
  std::int64_t first;       ///< steps until the first restart
  std::int64_t growth = 1;  ///< how many times as long each period is as the one before
  double eta_min = 0;       ///< just before a restart, nearly
};
/// eta_min + (lr - eta_min) * (1 + cos(pi * t)) / 2, t the elapsed share of a period;
/// torch.optim.lr_scheduler.CosineAnnealingWarmRestarts (Loshchilov and Hutter 2017).
Schedule cosine_warm_restarts(const WarmRestartOptions& options);

struct OneCycleOptions {
  double max_lr;
  std::int64_t total_steps;
  double pct_start = 0.3;         ///< share of the steps in which the rate rises, 0 to 1
  double div_factor = 25;         ///< the first rate is max_lr / div_factor
  double final_div_factor = 1e4;  ///< the last one is that / final_div_factor
};
/// Up from the first rate to max_lr, then down to the last one, both on half a cosine;
/// torch.optim.lr_scheduler.OneCycleLR (Smith and Topin 2018) with its defaults. Defined for steps
/// 0 to total_steps, as PyTorch, of which total_steps - 1 is the end of the curve.
Schedule one_cycle(const OneCycleOptions& options);

struct OneCycleMomentumOptions {
  std::int64_t total_steps;
  double pct_start = 0.3;
  double base_momentum = 0.85;  ///< when the rate is highest
  double max_momentum = 0.95;   ///< at both ends
};
/// The momentum (Sgd::set_momentum, Adam::set_beta1) that goes with one_cycle.
Schedule one_cycle_momentum(const OneCycleMomentumOptions& options);

/// Rises in `steps` steps on a line from start_factor * after.at(0) to after.at(0), then runs
/// `after` from its beginning; LinearLR in front of another one in a SequentialLR. 0 steps: just
/// `after`. Error: start_factor outside [0, 1].
Schedule linear_warmup(std::int64_t steps, Schedule after, double start_factor = 1.0 / 3);

}  // namespace fovea
