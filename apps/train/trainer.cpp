#include "apps/train/trainer.h"

#include <algorithm>
#include <cmath>
#include <csignal>
#include <filesystem>

#include "apps/run/files.h"
#include "apps/run/frames.h"
#include "apps/run/log_lines.h"
#include "apps/run/tensorboard.h"
#include "apps/shell/console.h"
#include "apps/shell/numbers.h"
#include "apps/shell/signals.h"
#include "core/error.h"

namespace fovea {

namespace {

LoaderOptions loader_options(const TrainOptions& options, const Ranks& ranks) {
  return {.batch = options.batch,
          .seed = options.seed,
          .augmentation = options.augmentation(),
          .distortion = chosen_distortion(options.data.distortion),
          .rank = ranks.rank(),
          .ranks = ranks.size()};
}

constexpr int frame_moments = 40;

double mean(double sum, std::int64_t count) {
  return count ? sum / static_cast<double>(count) : 0;
}

}  // namespace

Trainer::Trainer(const TrainOptions& options, const DataSplit& data, Model& model, Loss loss,
                 Ranks& ranks)
    : options_(options),
      data_(data),
      model_(model),
      ranks_(ranks),
      loader_(data.train, loader_options(options, ranks)),
      learner_(model, options, loader_.batches(), std::move(loss), ranks),
      watch_(model, judged_set(), options),
      stored_options_(options_text(options)),
      line_(!options.quiet && output_is_terminal()),
      frame_steps_(geometric_steps(learner_.total_steps(), frame_moments)) {
  state_.plateau = learner_.plateau();
}

void Trainer::resume(const Checkpoint& checkpoint) {
  load_model_weights(*model_.network, checkpoint.tensors, checkpoint.file,
                     options_.allow_non_finite);
  restore_optimizer(learner_.optimizer(), checkpoint);
  try {
    learner_.restore_plateau(checkpoint.state.plateau);
  } catch (const Error& error) {
    fail(checkpoint.file, ": ", error.what());
  }
  state_ = checkpoint.state;
  require(
      state_.batch <= loader_.batches() &&
          state_.step == static_cast<std::int64_t>(state_.epoch) * loader_.batches() + state_.batch,
      checkpoint.file, ": step ", state_.step, " is not batch ", state_.batch, " of epoch ",
      state_.epoch + 1, " with ", loader_.batches(), " batches each");
  saved_ = position();
  watch_.remember(state_.best_accuracy);
  // Both limits may have been raised since.
  state_.finished = state_.epoch >= options_.epochs ||
                    (options_.early_stop > 0 && state_.epochs_since_best >= options_.early_stop);
}

void Trainer::open_files() {
  if (options_.out.empty()) return;
  const std::filesystem::path folder = options_.out;
  std::filesystem::create_directories((folder / run_files::frames).parent_path());
  cut_events(options_.out, state_.step);
  const auto bytes = [&](const char* name, std::int64_t saved) {
    return bytes_until((folder / name).string(), saved, state_.step);
  };
  log_ = std::make_unique<LogWriter>(options_.out, bytes(run_files::log_csv, state_.csv_bytes),
                                     bytes(run_files::log_jsonl, state_.jsonl_bytes),
                                     options_.tensorboard);
  frames_ = std::make_unique<AppendFile>((folder / run_files::frames).string(),
                                         bytes(run_files::frames, state_.frames_bytes));
  if (state_.step > 0) {  // what is damaged is told now, and not when the report is made of it
    check_csv_log((folder / run_files::log_csv).string());
    read_run_log((folder / run_files::log_jsonl).string());
    read_frames((folder / run_files::frames).string(), model_, data_.test);
  }
  while (next_frame_ < frame_steps_.size() && frame_steps_[next_frame_] < state_.step)
    ++next_frame_;
  // The frame of this very step was taken before the checkpoint.
  if (frames_->size() > 0 && next_frame_ < frame_steps_.size() &&
      frame_steps_[next_frame_] == state_.step)
    ++next_frame_;
}

int Trainer::own_signal() const {
  if (const int signal = StopSignals::received()) return signal;
  return output_closed() ? SIGPIPE : 0;
}

int Trainer::stop_signal() const {
  if (const int signal = ranks_.size() > 1 ? agreed_signal_ : own_signal()) return signal;
  return stop_after_ <= 0 ? SIGTERM : 0;
}

// A rank that stopped by itself would leave the others waiting for it. Within an epoch they learn
// of each other's signals by the steps.
void Trainer::agree_to_stop() {
  if (ranks_.size() == 1) return;
  for (const int signal : all_of(ranks_, own_signal()))
    agreed_signal_ = std::max(agreed_signal_, signal);
}

// Brings the time spent up to date; a monotonic clock, so that a changed date does no harm.
void Trainer::stamp() {
  const Clock::time_point now = Clock::now();
  const double passed = std::chrono::duration<double>(now - stamp_).count();
  state_.seconds += passed;
  state_.epoch_seconds += passed;
  stamp_ = now;
}

int Trainer::run(std::int64_t most_steps) {
  stop_after_ = most_steps;
  open_files();
  model_.network->train();
  stamp_ = Clock::now();
  rate_seconds_ = state_.seconds;
  if (state_.step == 0) save_frame_if_due();
  while (!state_.finished && state_.epoch < options_.epochs) {
    agree_to_stop();
    if (stop_signal() == 0 && run_epoch()) {
      finish_epoch();
      agree_to_stop();
    }
    if (const int signal = stop_signal()) {
      line_.clear();
      save();
      return signal;
    }
  }
  return 0;
}

// Returns whether the epoch is complete.
bool Trainer::run_epoch() {
  loader_.set_epoch(state_.epoch, state_.batch);
  if (StepSum* sum = learner_.step_sum()) sum->restart_clock();
  while (const Batch* batch = loader_.next()) {
    const StepResult result = learner_.step(*batch, own_signal());
    agreed_signal_ = result.stop;
    after_step(result, *batch);
    if (stop_signal() != 0) return state_.batch == loader_.batches();
  }
  return true;
}

void Trainer::after_step(const StepResult& result, const Batch& batch) {
  ++state_.step;
  --stop_after_;
  ++state_.batch;
  const int images = batch.whole_size();
  state_.epoch_loss += result.loss * images;
  state_.epoch_squares += result.loss * result.loss;
  state_.epoch_correct += result.correct;
  state_.epoch_images += images;
  images_ += images;
  last_lr_ = result.lr;
  warn_of(watch_.after_step(state_.step, result.correct, images));
  if ((state_.batch - 1) % options_.log_every == 0) log_step(result, batch);
  save_frame_if_due();
  if (line_.due()) {
    stamp();
    line_.draw(progress_of(state_, options_.epochs, loader_.batches(), learner_.total_steps()));
  }
  if (options_.checkpoint_every > 0 && state_.step % options_.checkpoint_every == 0 &&
      state_.batch < loader_.batches())
    save();
}

// Test images choose nothing. Where there are others to choose by, they are not even looked at
// before the end.
const Dataset& Trainer::judged_set() const {
  return data_.validation.size() > 0 ? data_.validation : data_.test;
}

void Trainer::warn_of(const std::vector<std::string>& troubles) {
  for (const std::string& trouble : troubles) {
    line_.clear();
    warn(trouble);
  }
}

void Trainer::finish_epoch() {
  stamp();
  const double train_seconds = state_.epoch_seconds;
  const bool chooses = data_.validation.size() > 0;
  const Evaluation judged = evaluate(model_, judged_set(), ranks_);
  const Sight sight = watch_.look();
  stamp();
  const double train_loss = mean(state_.epoch_loss, state_.epoch_images);
  const double train_accuracy =
      mean(static_cast<double>(state_.epoch_correct), state_.epoch_images);
  const double rate =
      train_seconds > 0 ? static_cast<double>(state_.epoch_images) / train_seconds : 0;
  ++state_.epoch;
  line_.clear();
  if (!options_.quiet)
    print(cat("Epoch ", state_.epoch, "/", options_.epochs, ": training loss ",
              fixed(train_loss, 4), ", accuracy ", fixed(100 * train_accuracy, 2), "%, ",
              grouped(std::llround(rate)), " images/s\n", sight_lines(sight)));
  print(test_line(judged, chooses ? "Validation set" : "Test set") + "\n");
  warn_of(watch_.after_epoch(state_.step, sight));
  if (log_) {
    std::vector<LogField> fields = {
        {"epoch", static_cast<double>(state_.epoch)},
        {"step", static_cast<double>(state_.step)},
        {"train_loss", train_loss},
        {"train_accuracy", train_accuracy},
        {chooses ? "validation_loss" : "test_loss", judged.loss},
        {chooses ? "validation_accuracy" : "test_accuracy", judged.accuracy()},
        {"lr", last_lr_},
        {"samples_per_second", rate},
        {"seconds", state_.seconds}};
    for (LogField& field : sight_fields(sight)) fields.push_back(std::move(field));
    log_->line("epoch", fields);
    log_->flush();
  }
  note_best(judged, chooses);
  if (chooses)
    follow_plateau(judged.loss, "validation");
  else
    follow_plateau(train_loss, "training");
  state_.batch = 0;
  state_.epoch_loss = state_.epoch_squares = state_.epoch_seconds = 0;
  state_.epoch_correct = state_.epoch_images = 0;
  rate_seconds_ = state_.seconds;
  if (options_.early_stop > 0 && state_.epochs_since_best >= options_.early_stop) {
    state_.finished = true;
    if (!options_.quiet && state_.epoch < options_.epochs)
      print(cat("Stopping early: ", state_.epochs_since_best,
                " epochs without a better result on validation images than epoch ",
                state_.best_epoch, "\n"));
  }
  if (state_.epoch == options_.epochs) state_.finished = true;
  save();
}

void Trainer::follow_plateau(double loss, const char* of) {
  const auto before = learner_.plateau();
  learner_.finish_epoch(loss);
  state_.plateau = learner_.plateau();
  if (before && state_.plateau->lr != before->lr && !options_.quiet)
    print(cat("No better ", of, " loss: learning rate ", state_.plateau->lr, " from here on\n"));
}

// Fewer errors are better, and of as few the lower loss. Loss alone, with smoothed labels,
// preferred epochs of the middle of training that made half as many errors again.
bool Trainer::is_better(const Evaluation& judged) const {
  const double accuracy = judged.accuracy();
  return accuracy > state_.best_accuracy ||
         (accuracy == state_.best_accuracy && judged.loss < state_.best_loss);
}

void Trainer::note_best(const Evaluation& judged, bool chooses) {
  if (chooses && state_.best_epoch != 0 && !is_better(judged)) {
    ++state_.epochs_since_best;
    return;
  }
  state_.best_epoch = state_.epoch;
  state_.best_loss = judged.loss;
  state_.best_accuracy = judged.accuracy();
  state_.epochs_since_best = 0;
  if (options_.out.empty() && chooses) best_ = model_tensors(model_);
  if (!options_.out.empty())
    save_model((std::filesystem::path(options_.out) / run_files::best_weights).string(), model_);
}

void Trainer::save() {
  if (options_.out.empty() || saved_ == position()) return;
  stamp();
  log_->flush();
  frames_->flush();
  state_.csv_bytes = log_->csv_bytes();
  state_.jsonl_bytes = log_->jsonl_bytes();
  state_.frames_bytes = frames_->size();
  save_model((std::filesystem::path(options_.out) / run_files::last_weights).string(), model_);
  save_checkpoint(options_.out, model_, learner_.optimizer(), state_, stored_options_,
                  options_.keep);
  saved_ = position();
}

}  // namespace fovea
