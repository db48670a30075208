// What a trainer writes down while it runs: lines of the log, the line on the terminal, frames.
#include <algorithm>
#include <cmath>

#include "apps/run/files.h"
#include "apps/run/frames.h"
#include "apps/shell/console.h"
#include "apps/train/trainer.h"

namespace fovea {

std::vector<std::int64_t> geometric_steps(std::int64_t total, int count) {
  std::vector<std::int64_t> steps = {0};
  for (int i = 0; i < count - 1; ++i) {
    const double share = static_cast<double>(i) / std::max(1, count - 2);
    const std::int64_t step = std::llround(std::pow(static_cast<double>(total), share));
    if (step > steps.back()) steps.push_back(step);
  }
  return steps;
}

void Trainer::log_step(const StepResult& result, const Batch& batch) {
  stamp();
  const double seconds = state_.seconds - rate_seconds_;
  if (log_) {
    std::vector<LogField> fields = {
        {"epoch", state_.epoch + 1.0},
        {"step", static_cast<double>(state_.step)},
        {"loss", result.loss},
        {"accuracy", static_cast<double>(result.correct) / batch.whole_size()},
        {"lr", result.lr},
        {"samples_per_second",
         seconds > 0 ? static_cast<double>(images_ - rate_images_) / seconds : 0},
        {"grad_norm", result.grad_norm},
        {"theta_deviation", learner_.theta_deviation(batch)}};
    add_step_times(fields);
    log_->line("step", fields);
  }
  rate_seconds_ = state_.seconds;
  rate_images_ = images_;
  if (options_.quiet || line_.on()) return;
  const int before = state_.batch - 1;
  print(train_line(state_.epoch + 1, static_cast<std::int64_t>(before) * options_.batch,
                   data_.train.size(), 100.0 * before / loader_.batches(), result.loss));
}

// Of several ranks, milliseconds a step since the line before.
void Trainer::add_step_times(std::vector<LogField>& fields) {
  if (!learner_.step_sum()) return;
  const StepTimes now = step_times(), &before = logged_times_;
  const double scale =
      1e3 / static_cast<double>(std::max<std::int64_t>(1, now.steps - before.steps));
  fields.push_back({"compute_ms", scale * (now.compute - before.compute)});
  fields.push_back({"wait_ms", scale * (now.wait - before.wait)});
  fields.push_back({"communication_ms", scale * (now.communication - before.communication)});
  logged_times_ = now;
}

void Trainer::save_frame_if_due() {
  if (!frames_ || next_frame_ == frame_steps_.size() || frame_steps_[next_frame_] != state_.step)
    return;
  ++next_frame_;
  frames_->append(
      frame_line(take_frame(model_, data_.test, frame_indices(data_.test, run_files::frame_images),
                            state_.step, static_cast<double>(state_.step) / loader_.batches())));
}

}  // namespace fovea
