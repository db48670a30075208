// Learning-rate schedules by name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "optim/plateau.h"
#include "optim/schedule.h"

namespace fovea {

struct TrainOptions;

/// An entry of the table of schedules.
struct ScheduleKind {
  std::string name;  ///< --schedule NAME
  bool open_end;     ///< the rate of a step does not depend on how many there will be
  /// For `steps` steps in epochs of `batches`; the highest rate is options.lr.
  Schedule (*make)(const TrainOptions& options, int batches, std::int64_t steps);
};

/// The one list.
const std::vector<ScheduleKind>& schedule_kinds();

/// Throws UsageError, with the nearest name, for an unknown one.
const ScheduleKind& find_schedule(const std::string& name);

/// The learning rate of every step, warm-up included, for epochs of `batches` steps.
Schedule make_schedule(const TrainOptions& options, int batches);

/// The learning rate that --schedule plateau lowers after epochs; nothing for other schedules. It
/// is the limit of what make_schedule() gives.
std::optional<ReduceOnPlateau> make_plateau(const TrainOptions& options);

/// The epochs of --milestones. Throws UsageError for text that is none, and unless they are given
/// just when --schedule multi-step needs them.
std::vector<std::int64_t> milestone_epochs(const TrainOptions& options);

/// Steps that the schedule itself has, behind the warm-up. Error: the warm-up takes them all.
std::int64_t scheduled_steps(const TrainOptions& options, int batches);

}  // namespace fovea
