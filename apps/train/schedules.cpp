#include "apps/train/schedules.h"

#include <cmath>

#include "apps/shell/suggest.h"
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
         return Schedule([lr = *o.lr, gamma = o.gamma, batches](std::int64_t step) {
           return lr * std::pow(gamma, static_cast<double>(step / batches));
         });
       }},
      {"cosine", false,
       [](O o, int, std::int64_t steps) {
         return cosine_annealing({.lr = *o.lr, .steps = steps});
       }},
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

Schedule make_schedule(const TrainOptions& o, int batches) {
  const std::int64_t steps = scheduled_steps(o, batches);
  return linear_warmup(o.warmup, find_schedule(*o.schedule).make(o, batches, steps));
}

}  // namespace fovea
