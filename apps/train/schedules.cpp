#include "apps/train/schedules.h"

#include <charconv>
#include <sstream>

#include "apps/shell/suggest.h"
#include "apps/shell/usage_error.h"
#include "apps/train/options.h"
#include "core/error.h"

namespace fovea {

const std::vector<ScheduleKind>& schedule_kinds() {
  using O = const TrainOptions&;
  static const std::vector<ScheduleKind> kinds = {
      {"constant", true, [](O o, int, std::int64_t) { return constant_schedule(*o.lr); }},
      {"step", true,
       [](O o, int batches, std::int64_t) {
         return step_decay({.lr = *o.lr,
                            .every = static_cast<std::int64_t>(o.decay_every) * batches,
                            .gamma = o.gamma});
       }},
      {"exponential", true,
       [](O o, int batches, std::int64_t) {
         return step_decay({.lr = *o.lr, .every = batches, .gamma = o.gamma});
       }},
      {"multi-step", true,
       [](O o, int batches, std::int64_t) {
         std::vector<std::int64_t> steps = milestone_epochs(o);
         for (std::int64_t& milestone : steps) milestone *= batches;
         return multi_step_decay({.lr = *o.lr, .milestones = std::move(steps), .gamma = o.gamma});
       }},
      {"cosine", false,
       [](O o, int, std::int64_t steps) {
         return cosine_annealing({.lr = *o.lr, .steps = steps, .eta_min = o.min_lr});
       }},
      {"cosine-restarts", true,
       [](O o, int batches, std::int64_t) {
         return cosine_warm_restarts({.lr = *o.lr,
                                      .first = static_cast<std::int64_t>(o.restart_every) * batches,
                                      .growth = o.restart_growth,
                                      .eta_min = o.min_lr});
       }},
      // The limit that make_plateau() lowers.
      {"plateau", true, [](O o, int, std::int64_t) { return constant_schedule(*o.lr); }},
      {"one-cycle", false,
       [](O o, int, std::int64_t steps) {
         return one_cycle({.max_lr = *o.lr, .total_steps = steps});
       }},
  };
  return kinds;
}

const ScheduleKind& find_schedule(const std::string& name) {
  std::vector<std::string> names;
  for (const ScheduleKind& kind : schedule_kinds()) {
    if (kind.name == name) return kind;
    names.push_back(kind.name);
  }
  throw_unknown("--schedule", name, names);
}

std::int64_t scheduled_steps(const TrainOptions& o, int batches) {
  const std::int64_t steps = static_cast<std::int64_t>(o.epochs) * batches;
  require(o.warmup < steps, "--warmup ", o.warmup, " is not shorter than the run of ", steps,
          " steps");
  return steps - o.warmup;
}

std::vector<std::int64_t> milestone_epochs(const TrainOptions& o) {
  std::vector<std::int64_t> epochs;
  std::istringstream parts(o.milestones);
  for (std::string part; std::getline(parts, part, ',');) {
    int epoch = 0;
    const auto end = std::from_chars(part.data(), part.data() + part.size(), epoch);
    require_usage(end.ec == std::errc() && end.ptr == part.data() + part.size() && epoch >= 1 &&
                      epoch <= 1000000,
                  "--milestones takes epochs from 1 on such as 10,15; got '", o.milestones, "'");
    epochs.push_back(epoch);
  }
  require_usage(*o.schedule != "multi-step" || !epochs.empty(),
                "--schedule multi-step needs the epochs of its decays: --milestones 10,15");
  require_usage(*o.schedule == "multi-step" || epochs.empty(),
                "--milestones is an option of --schedule multi-step, not of ", *o.schedule);
  return epochs;
}

std::optional<ReduceOnPlateau> make_plateau(const TrainOptions& o) {
  if (*o.schedule != "plateau") return std::nullopt;
  return ReduceOnPlateau({.lr = *o.lr,
                          .factor = o.gamma,
                          .patience = o.patience,
                          .threshold = o.threshold,
                          .cooldown = o.cooldown,
                          .min_lr = o.min_lr});
}

Schedule make_schedule(const TrainOptions& o, int batches) {
  const std::int64_t steps = scheduled_steps(o, batches);
  return linear_warmup(o.warmup, find_schedule(*o.schedule).make(o, batches, steps));
}

}  // namespace fovea
