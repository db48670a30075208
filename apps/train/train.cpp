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
#include "apps/train/prepare.h"
#include "apps/train/start_model.h"
#include "apps/train/trainer.h"
#include "core/blas.h"
#include "core/file.h"
#include "core/workers.h"
#include "layers/spatial_transformer.h"
#include "layers/summary.h"
#include "layers/weights.h"

namespace fovea {

namespace {

std::string path_in(const TrainOptions& options, const char* name) {
  return run_files::path_in(options.out, name);
}

// So that the data is found again from anywhere.
std::string absolute_path(const std::string& path) {
  return path.empty() ? "" : std::filesystem::absolute(path).lexically_normal().string();
}

double fill_of(const Model& model) {
  return model.info.options.find("fill") ? model.info.options.number("fill") : 0;
}

void note_config(const TrainOptions& options, const DataSplit& data, const Model& model,
                 const Ranks& ranks, const TrainTask& task) {
  const Shape& shape = data.test.image_shape;
  Json machine = {{"threads", threads()}, {"cpus", available_cpus()}, {"blas", blas_description()}};
  if (ranks.size() > 1) machine["ranks"] = ranks.size();
  write_config(
      path_in(options, run_files::config),
      {.fovea = version,
       .started = utc_now(),
       .command = task.command,
       .options = parse_json(options_text(options)),
       .data = {{"name", data.train.name},
                {"directory", task.data ? "" : absolute_path(data_directory(options.data))},
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
       .machine = std::move(machine)});
}

void print_head(const TrainOptions& options, const DataSplit& data, const Model& model,
                const Ranks& ranks) {
  if (options.quiet) return;
  TrainOptions used = options;
  if (spatial_transformers(*model.network).empty()) used.lr_loc_scale.reset();
  print(cat(architecture(*model.network), "\nModel:  ", model.info.name, ", ",
            grouped(static_cast<std::int64_t>(model.network->parameter_count())),
            " parameters\nData:   ", describe_data(data),
            "\nRecipe: ", recipe(used, fill_of(model)),
            "\nOn:     ", ranks.size() > 1 ? cat(ranks.size(), " ranks, this one with ") : "",
            machine_line(), "\n"));
  if (!options.out.empty()) print(cat("Folder: ", options.out, "\n"));
  print("\n");
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

void free_pixels(Dataset& dataset) {
  dataset.pixels.clear();
  dataset.pixels.shrink_to_fit();
}

// The rank that writes the folder checks it first, and may tidy it up.
Start prepare_together(Ranks& ranks, const TrainOptions& options,
                       const std::set<std::string>& given) {
  Start start;
  if (ranks.rank() == 0) start = prepare(options, given, true);
  barrier(ranks);
  if (ranks.rank() > 0) start = prepare(options, given, false);
  const int threads = start.options.threads;
  set_threads(threads > 0 ? threads : default_threads(ranks));
  return start;
}

std::uint32_t weights_checksum(const Module& network) {
  std::uint32_t crc = 0;
  for (const Tensor& p : network.parameters())
    crc = checksum({reinterpret_cast<const std::uint8_t*>(p.data()), p.real_count() * sizeof(Real)},
                   crc);
  return crc;
}

void print_times(const TrainOptions& options, const Ranks& ranks, const StepTimes& times) {
  if (options.quiet || times.steps == 0) return;
  const auto ms = [&](double seconds) {
    return fixed(1e3 * seconds / static_cast<double>(times.steps), 3);
  };
  print(cat("\nA step of ", ranks.size(), " ranks: ", ms(times.compute), " ms of computing, ",
            ms(times.wait), " ms waiting for the slowest rank, ", ms(times.communication),
            " ms of communication\n"));
}

// One rank of those that train together.
int train_in(Ranks& ranks, const TrainOptions& wanted, const TrainTask& task) {
  Start start = prepare_together(ranks, wanted, task.given);
  const TrainOptions& options = start.options;
  const std::string distortion = chosen_distortion(options.data.distortion);
  DataSplit data = task.data ? task.data() : load_data(options.data);
  if (options.validation > 0) hold_out(data, options.validation, options.seed);
  distort_tests(data, distortion);
  Model model = start.checkpoint
                    ? model_from(start.checkpoint->tensors, start.checkpoint->file, true)
                    : start_model(options, data);
  if (!start.checkpoint) refuse_ignored(model, task.given);
  std::optional<Trainer> trainer(std::in_place, options, data, model, task.loss, ranks);
  const std::uint32_t data_now = data_checksum(data);
  std::string checkpoint_file;
  if (start.checkpoint) {
    check_resumed_data(*start.checkpoint, data_now);
    trainer->resume(*start.checkpoint);
    checkpoint_file = start.checkpoint->file;
    start.checkpoint.reset();
  }
  require_same(ranks, data_now, "other images");
  require_same(ranks, weights_checksum(*model.network), "other weights to begin with");
  trainer->set_data_checksum(data_now);
  if (trainer->state().finished && ranks.rank() > 0) return 0;  // what is left is for rank 0
  if (trainer->state().finished && has_results(options, checkpoint_file)) {
    print(cat(options.out, ": this run is finished, after ", trainer->state().epoch, " of ",
              options.epochs, " epochs\n"));
    const auto test = read_confusion(path_in(options, run_files::confusion));
    print_end(options, trainer->state(),
              {.loss = test->loss, .correct = test->correct, .total = test->total});
    return 0;
  }
  const StopSignals signals;
  print_head(options, data, model, ranks);
  if (!options.quiet && trainer->state().step > 0)
    print(cat("Going on after step ", trainer->state().step, ", in epoch ",
              trainer->state().epoch + 1, "\n"));
  if (!options.out.empty()) {
    // Not before everything is there to start, on every rank: a slip must not cost the old run, and
    // --init may name its weights.
    if (options.resume.empty()) run_files::remove_run(options.out);
    note_config(options, data, model, ranks, task);
  }
  const int signal = trainer->run();
  const RunState state = trainer->state();
  const StepTimes times = trainer->step_times();
  const std::optional<SafeTensors> best = trainer->best();
  trainer.reset();
  if (signal != 0) {
    if (ranks.size() > 1) barrier(ranks);  // until rank 0 has saved
    return print_stop(options, signal, state);
  }
  if (ranks.rank() > 0) return 0;
  free_pixels(data.train);  // pictures take as much memory, and show test images only
  Evaluation test;
  if (!options.out.empty()) test = write_results(options, data);
  if (best) {
    load_model_weights(*model.network, *best, "best epoch", true);
    test = evaluate(model, data.test);
  }
  print_end(options, state, test);
  print_times(options, ranks, times);
  return 0;
}

}  // namespace

TrainOptions begin_or_resume(const std::string& folder) {
  TrainOptions options;
  (run_files::has_run(folder) ? options.resume : options.out) = folder;
  return options;
}

int train(const TrainOptions& wanted, const TrainTask& task) {
  reserve_standard_streams();
  Ranks& ranks = task.ranks ? *task.ranks : fovea::ranks();
  const std::string folder = wanted.resume.empty() ? wanted.out : wanted.resume;
  if (ranks.rank() > 0) mute();
  try {
    ranks.begin();
    const int code = train_in(ranks, wanted, task);
    ranks.end();
    return code;
  } catch (const LostRanks& error) {
    fail(error.what(), folder.empty() ? "" : cat("; go on with: ", resume_command(folder)));
  }
}

}  // namespace fovea
