#include "apps/train/train.h"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "apps/networks/model_info.h"
#include "apps/report/run_report.h"
#include "apps/run/config.h"
#include "apps/run/confusion.h"
#include "apps/run/files.h"
#include "apps/shell/build_info.h"
#include "apps/shell/console.h"
#include "apps/shell/json.h"
#include "apps/shell/numbers.h"
#include "apps/shell/outputs.h"
#include "apps/shell/signals.h"
#include "apps/shell/usage_error.h"
#include "apps/train/ignored_options.h"
#include "apps/train/start_model.h"
#include "apps/train/trainer.h"
#include "core/blas.h"
#include "core/file.h"
#include "core/workers.h"
#include "layers/summary.h"
#include "layers/weights.h"

namespace fovea {

namespace {

std::string path_in(const TrainOptions& options, const char* name) {
  return run_files::path_in(options.out, name);
}

double fill_of(const Model& model) {
  return model.info.options.find("fill") ? model.info.options.number("fill") : 0;
}

void note_config(const TrainOptions& options, const DataSplit& data, const Model& model,
                 const std::string& command_line) {
  const Shape& shape = data.test.image_shape;
  write_config(
      path_in(options, run_files::config),
      {.fovea = version,
       .started = utc_now(),
       .command = command_line,
       .options = parse_json(options_text(options)),
       .data = {{"name", data.train.name},
                {"directory", data_directory(options.data)},
                {"synthetic", options.data.synthetic},
                {"distortion", chosen_distortion(options.data.distortion)},
                {"train", data.train.size()},
                {"validation", data.validation.size()},
                {"test", data.test.size()},
                {"image_shape", {shape[0], shape[1], shape[2]}},
                {"class_names", data.test.class_names},
                {"mean", data.test.mean},
                {"stddev", data.test.stddev}},
       .model = {{"name", model.info.name},
                 {"parameters", model.network->parameter_count()},
                 {"architecture", architecture(*model.network)},
                 {"fill", fill_of(model)}},
       .build = {{"compiler", compiler_description()},
                 {"arch", target_description()},
                 {"flags", flags_description()}},
       .machine = {
           {"threads", threads()}, {"cpus", available_cpus()}, {"blas", blas_description()}}});
}

void print_head(const TrainOptions& options, const DataSplit& data, const Model& model) {
  if (options.quiet) return;
  print(cat(architecture(*model.network), "\nModel:  ", model.info.name, ", ",
            grouped(static_cast<std::int64_t>(model.network->parameter_count())),
            " parameters\nData:   ", describe_data(data),
            "\nRecipe: ", recipe(options, fill_of(model)), "\nOn:     ", machine_line(), "\n"));
  if (!options.out.empty()) print(cat("Folder: ", options.out, "\n"));
  print("\n");
}

// Nothing of others is written over, and nothing of ours without --overwrite.
void check_folder(const TrainOptions& options, bool goes_on) {
  const run_files::Found found = run_files::find_run(options.out);
  for (const std::string& path : found.foreign)
    // A checkpoint that is damaged beyond recognition is set aside when its step comes again.
    if (!goes_on || !std::filesystem::path(path).filename().string().starts_with("checkpoint-"))
      fail(path,
           ": was not made by this program, and training would write over it; move it away "
           "or choose another --out");
  for (const std::string& path : found.ours)
    require(goes_on || !is_same_file(path, options.init), options.init,
            ": --init reads it, and --overwrite would delete it; choose another --out, or copy the "
            "file");
  if (goes_on || options.overwrite || found.ours.empty()) return;
  require(!run_files::has_run(options.out), options.out, ": holds a run already",
          run_files::checkpoint_steps(options.out).empty()
              ? " (stopped before its first checkpoint)"
              : "",
          "; go on with it by --resume ", options.out,
          ", replace it with --overwrite, or choose another --out");
  fail(found.ours[0],
       ": is left of an earlier run; replace it with --overwrite, or choose another "
       "--out");
}

// Everything about the weights that are the result: confusion.json, pictures, the report.
Evaluation write_results(const TrainOptions& options, const DataSplit& data) {
  const Model result = load_model(path_in(options, run_files::best_weights), true);
  const Evaluation judged = evaluate(result, data.test, true);
  write_confusion(path_in(options, run_files::confusion), confusion_of(judged, data.test));
  write_run_report(options.out, result, data);
  return judged;
}

// Whether write_results() came to its end after the checkpoint was made; the report is its last
// file.
bool has_results(const TrainOptions& options, const std::string& checkpoint_file) {
  std::error_code error;
  const auto made = [&](const std::string& path) {
    return std::filesystem::last_write_time(path, error);
  };
  const auto checkpoint = made(checkpoint_file);
  return !error && made(path_in(options, run_files::confusion)) >= checkpoint && !error &&
         made(path_in(options, run_files::report)) >= checkpoint && !error;
}

// What the result does on test images; where epochs were chosen, it was not known before.
void print_end(const TrainOptions& options, const RunState& state, const Evaluation& test) {
  if (state.best_epoch == 0) return;
  const bool chosen = options.validation > 0;
  if (!options.quiet)
    print(cat("\n", chosen ? "Best" : "Last", " epoch: ", state.best_epoch,
              chosen ? ", validation" : ", test", " loss ", fixed(state.best_loss, 4),
              ", accuracy ", fixed(100 * state.best_accuracy, 2), "%; ",
              duration_text(state.seconds), " of training\n"));
  if (chosen) print(test_line(test) + "\n");
  if (options.quiet) return;
  if (options.out.empty())
    print("Nothing was saved: --out DIR keeps weights, logs, pictures and checkpoints\n");
  else
    print(cat("Weights: ", path_in(options, run_files::best_weights),
              "\nReport:  ", path_in(options, run_files::report), "\n"));
}

int print_stop(const TrainOptions& options, int signal, const RunState& state) {
  const std::string what = signal == SIGPIPE   ? "standard output was closed"
                           : signal == SIGINT  ? "interrupted"
                           : signal == SIGHUP  ? "hung up"
                           : signal == SIGQUIT ? "told to quit"
                                               : "terminated";
  warn(cat(what, " after step ", state.step,
           options.out.empty() ? "; nothing was saved, because there was no --out DIR"
                               : cat("; go on with: ", resume_command(options.out))));
  return signal == SIGPIPE ? 1 : 128 + signal;
}

void check_resumed_data(const Checkpoint& checkpoint, std::uint32_t data_now) {
  require(checkpoint.state.data_checksum == data_now, checkpoint.file,
          ": this run was trained on other images than the data given now; name its data with "
          "--data DIR");
}

// Options, the lock on the folder and where to go on, all checked before data is read.
struct Start {
  TrainOptions options;
  std::unique_ptr<DirectoryLock> lock;
  std::optional<Checkpoint> checkpoint;
};

// The options of a run that was stopped before its first checkpoint.
TrainOptions options_to_start_over(const TrainOptions& options,
                                   const std::set<std::string>& given) {
  const RunConfig config = read_config(run_files::path_in(options.resume, run_files::config));
  TrainOptions again = resumed_options(dump_json(config.options), options, given);
  again.resume.clear();
  warn(cat(options.resume, ": was stopped before its first checkpoint; starting it over as its ",
           run_files::config, " says"));
  return again;
}

Start prepare(TrainOptions options, const std::set<std::string>& given) {
  Start start;
  const bool goes_on = !options.resume.empty();
  require_usage(!goes_on || !given.contains("overwrite"),
                "--resume goes on with a run and --overwrite would replace it; leave one out");
  if (goes_on) {
    require_usage(options.out.empty() || options.out == options.resume, "--resume ", options.resume,
                  " goes on in that folder; leave --out away");
    require(std::filesystem::is_directory(options.resume), options.resume,
            ": is not a folder; --resume takes the --out folder of a run");
    start.lock = std::make_unique<DirectoryLock>(options.resume);
    if (run_files::checkpoint_steps(options.resume).empty() && run_files::has_run(options.resume)) {
      options = options_to_start_over(options, given);
    } else {
      start.checkpoint = read_newest_checkpoint(options.resume);
      options = resumed_options(start.checkpoint->options, options, given);
    }
  }
  resolve(options);
  if (!goes_on) refuse_ignored(options, given);
  const Attributes network = network_options(options);  // tells of unknown names
  // Runs of older versions may hold a value that their network did not read.
  if (options.fill != "auto" && !goes_on) require_network_option(options.model, network, "fill");
  require_usage(options.fill == "auto" || !sets_fill(options),
                "--fill and --model-option fill=X exclude each other; leave one out");
  set_threads(options.threads);
  if (!options.out.empty()) {
    require_writable_directory(options.out);
    if (!start.lock) start.lock = std::make_unique<DirectoryLock>(options.out);
    remove_stale_temporaries(options.out);
    check_folder(options, goes_on);
  }
  start.options = std::move(options);
  return start;
}

void free_pixels(Dataset& dataset) {
  dataset.pixels.clear();
  dataset.pixels.shrink_to_fit();
}

}  // namespace

TrainOptions begin_or_resume(const std::string& folder) {
  TrainOptions options;
  (run_files::has_run(folder) ? options.resume : options.out) = folder;
  return options;
}

int train(TrainOptions wanted, const TrainTask& task) {
  reserve_standard_streams();
  Start start = prepare(std::move(wanted), task.given);
  const TrainOptions& options = start.options;
  const std::string distortion = chosen_distortion(options.data.distortion);
  DataSplit data = task.data ? task.data() : load_data(options.data);
  if (options.validation > 0) hold_out(data, options.validation, options.seed);
  distort_tests(data, distortion);
  Model model = start.checkpoint
                    ? model_from(start.checkpoint->tensors, start.checkpoint->file, true)
                    : start_model(options, data);
  if (!start.checkpoint) refuse_ignored(model, task.given);
  std::optional<Trainer> trainer(std::in_place, options, data, model, task.loss);
  const std::uint32_t data_now = data_checksum(data);
  std::string checkpoint_file;
  if (start.checkpoint) {
    check_resumed_data(*start.checkpoint, data_now);
    trainer->resume(*start.checkpoint);
    checkpoint_file = start.checkpoint->file;
    start.checkpoint.reset();
  }
  trainer->set_data_checksum(data_now);
  if (trainer->state().finished && has_results(options, checkpoint_file)) {
    print(cat(options.out, ": this run is finished, after ", trainer->state().epoch, " of ",
              options.epochs, " epochs\n"));
    const auto test = read_confusion(path_in(options, run_files::confusion));
    print_end(options, trainer->state(),
              {.loss = test->loss, .correct = test->correct, .total = test->total});
    return 0;
  }
  const StopSignals signals;
  print_head(options, data, model);
  if (!options.quiet && trainer->state().step > 0)
    print(cat("Going on after step ", trainer->state().step, ", in epoch ",
              trainer->state().epoch + 1, "\n"));
  if (!options.out.empty()) {
    // Not before everything is there to start: a slip must not cost the old run.
    if (options.resume.empty()) run_files::remove_run(options.out);
    note_config(options, data, model, task.command);
  }
  const int signal = trainer->run();
  const RunState state = trainer->state();
  const std::optional<SafeTensors> best = trainer->best();
  trainer.reset();
  if (signal != 0) return print_stop(options, signal, state);
  free_pixels(data.train);  // pictures take as much memory, and show test images only
  Evaluation test;
  if (!options.out.empty()) test = write_results(options, data);
  if (best) {
    load_model_weights(*model.network, *best, "best epoch", true);
    test = evaluate(model, data.test);
  }
  print_end(options, state, test);
  return 0;
}

}  // namespace fovea
