#include "optim/schedule.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "core/error.h"

namespace fovea {

namespace {

void require_rate(const char* schedule, const char* option, double value) {
  require(value >= 0 && value < std::numeric_limits<double>::infinity(), "[", schedule, "] ",
          option, " must be a finite number, zero or more, got ", value);
}

void require_length(const char* schedule, const char* option, std::int64_t value) {
  require(value > 0, "[", schedule, "] ", option, " must be at least 1, got ", value);
}

// From `start` to `end` on half a cosine as `share` goes from 0 to 1.
double half_cosine(double start, double end, double share) {
  return end + (start - end) / 2 * (std::cos(std::numbers::pi * share) + 1);
}

struct TwoPhases {
  const char* name;
  std::int64_t total_steps;
  double pct_start;
  double first, middle, last;

  // PyTorch's boundaries: the first phase ends at step pct_start * total_steps - 1, a fraction.
  double operator()(std::int64_t step) const {
    require(step <= total_steps, "[", name, "] step ", step, " is beyond the end of a schedule of ",
            total_steps, " steps");
    const double end = pct_start * static_cast<double>(total_steps) - 1;
    const auto at = static_cast<double>(step), last_step = static_cast<double>(total_steps - 1);
    if (at <= end) return half_cosine(first, middle, end > 0 ? at / end : 1);
    return half_cosine(middle, last, last_step > end ? (at - end) / (last_step - end) : 1);
  }
};

void check_cycle(const char* name, std::int64_t total_steps, double pct_start) {
  require_length(name, "total_steps", total_steps);
  require(pct_start >= 0 && pct_start <= 1, "[", name, "] pct_start must be from 0 to 1, got ",
          pct_start);
}

}  // namespace

double Schedule::at(std::int64_t step) const {
  require(step >= 0, "[schedule] steps count from 0, got ", step);
  return value_(step);
}

Schedule constant_schedule(double lr) {
  require_rate("constant_schedule", "lr", lr);
  return [lr](std::int64_t) { return lr; };
}

Schedule step_decay(const StepDecayOptions& options) {
  require_rate("step_decay", "lr", options.lr);
  require_rate("step_decay", "gamma", options.gamma);
  require_length("step_decay", "every", options.every);
  return [o = options](std::int64_t step) {
    const std::int64_t decays = step / o.every;
    return o.lr * std::pow(o.gamma, static_cast<double>(decays));
  };
}

Schedule multi_step_decay(const MultiStepOptions& options) {
  const char* name = "multi_step_decay";
  require_rate(name, "lr", options.lr);
  require_rate(name, "gamma", options.gamma);
  require(!options.milestones.empty(), "[", name, "] there are no milestones");
  for (const std::int64_t milestone : options.milestones)
    require(milestone >= 0, "[", name, "] a milestone must be zero or more, got ", milestone);
  return [o = options](std::int64_t step) {
    const auto passed = std::count_if(o.milestones.begin(), o.milestones.end(),
                                      [step](std::int64_t m) { return m <= step; });
    return o.lr * std::pow(o.gamma, static_cast<double>(passed));
  };
}

Schedule exponential_decay(double lr, double gamma) {
  require_rate("exponential_decay", "lr", lr);
  require_rate("exponential_decay", "gamma", gamma);
  return [=](std::int64_t step) { return lr * std::pow(gamma, static_cast<double>(step)); };
}

Schedule cosine_annealing(const CosineOptions& options) {
  require_rate("cosine_annealing", "lr", options.lr);
  require_rate("cosine_annealing", "eta_min", options.eta_min);
  require_length("cosine_annealing", "steps", options.steps);
  return [o = options](std::int64_t step) {
    return half_cosine(o.lr, o.eta_min, static_cast<double>(step) / static_cast<double>(o.steps));
  };
}

Schedule cosine_warm_restarts(const WarmRestartOptions& options) {
  const char* name = "cosine_warm_restarts";
  require_rate(name, "lr", options.lr);
  require_rate(name, "eta_min", options.eta_min);
  require_length(name, "first", options.first);
  require_length(name, "growth", options.growth);
  return [o = options](std::int64_t step) {
    std::int64_t period = o.first;
    if (o.growth == 1) step %= period;
    while (step >= period) {
      step -= period;
      // A period longer than any number of steps is the last one.
      if (__builtin_mul_overflow(period, o.growth, &period)) period = INT64_MAX;
    }
    return half_cosine(o.lr, o.eta_min, static_cast<double>(step) / static_cast<double>(period));
  };
}

Schedule one_cycle(const OneCycleOptions& options) {
  const char* name = "one_cycle";
  require_rate(name, "max_lr", options.max_lr);
  check_cycle(name, options.total_steps, options.pct_start);
  for (double factor : {options.div_factor, options.final_div_factor})
    require(factor > 0 && std::isfinite(factor), "[", name,
            "] div_factor and final_div_factor must be positive and finite, got ", factor);
  const double first = options.max_lr / options.div_factor;
  return TwoPhases{name,  options.total_steps, options.pct_start,
                   first, options.max_lr,      first / options.final_div_factor};
}

Schedule one_cycle_momentum(const OneCycleMomentumOptions& options) {
  const char* name = "one_cycle_momentum";
  require_rate(name, "base_momentum", options.base_momentum);
  require_rate(name, "max_momentum", options.max_momentum);
  check_cycle(name, options.total_steps, options.pct_start);
  return TwoPhases{name,
                   options.total_steps,
                   options.pct_start,
                   options.max_momentum,
                   options.base_momentum,
                   options.max_momentum};
}

Schedule linear_warmup(std::int64_t steps, Schedule after, double start_factor) {
  require(steps >= 0, "[linear_warmup] steps must be zero or more, got ", steps);
  require(start_factor >= 0 && start_factor <= 1,
          "[linear_warmup] start_factor must be from 0 to 1, got ", start_factor);
  return [=, after = std::move(after)](std::int64_t step) {
    if (step >= steps) return after.at(step - steps);
    const double share = static_cast<double>(step) / static_cast<double>(steps);
    return after.at(0) * (start_factor + (1 - start_factor) * share);
  };
}

}  // namespace fovea
