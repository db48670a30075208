// Learning-rate schedules by name.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

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

/// Steps that the schedule itself has, behind the warm-up. Error: the warm-up takes them all.
std::int64_t scheduled_steps(const TrainOptions& options, int batches);

}  // namespace fovea
