#include "apps/stn_paper/run.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <optional>

#include "apps/networks/evaluate.h"
#include "apps/run/checkpoint.h"
#include "apps/run/config.h"
#include "apps/run/files.h"
#include "apps/shell/build_info.h"
#include "apps/shell/console.h"
#include "apps/shell/numbers.h"
#include "apps/shell/outputs.h"
#include "apps/stn_paper/results.h"
#include "apps/train/train.h"
#include "core/workers.h"
#include "data/distort.h"
#include "data/loader.h"
#include "data/open_dataset.h"

namespace fovea::paper {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// None where there are no digits: a cell is left out then, and not trained on others.
std::optional<DataSplit> open_digits(const DataOptions& options) {
  if (options.synthetic) return load_data(options);
  try {
    open_dataset(data_directory(options));
  } catch (const NoDataset&) {
    return std::nullopt;
  }
  return load_data(options);
}

// Images a second that training takes in now, by some seconds of it on a network of its own.
double training_rate(const TrainOptions& options, const DataSplit& data) {
  const std::string& set = options.data.distortion;
  const auto distortion = make_distortion(set, data.train);
  ModelInfo info =
      describe_model(options.model, distortion->image_shape(), distortion->class_names());
  info.options = network_options(options);
  Model model = make_model(std::move(info), options.seed);
  Loader loader(data.train, {.batch = options.batch,
                             .seed = options.seed,
                             .augmentation = options.augmentation(),
                             .distortion = set});
  Learner learner(model, options, loader.batches());
  constexpr double warm_up = 1, measured = 4;
  const Clock::time_point begin = Clock::now();
  Clock::time_point start = begin;
  std::int64_t images = 0;
  for (bool warm = false; !warm || seconds_since(start) < measured;) {
    const Batch* batch = loader.next();
    if (!batch) loader.set_epoch(loader.epoch() + 1), batch = loader.next();
    learner.step(*batch);
    images += batch->size;
    if (!warm && seconds_since(begin) > warm_up) warm = true, start = Clock::now(), images = 0;
  }
  return static_cast<double>(images) / seconds_since(start);
}

int epochs_for(double minutes, const TrainOptions& options, const DataSplit& data) {
  const double rate = training_rate(options, data);
  // Judging an image takes a third of learning from it.
  const double images = data.train.size() - options.validation + options.validation / 3.0;
  const int epochs = std::max(1, static_cast<int>(minutes * 60 * rate / images));
  print(cat("  ", grouped(std::llround(rate)), " images/s: ", epochs,
            epochs == 1 ? " epoch in " : " epochs in ", minutes, " minutes\n"));
  return epochs;
}

// The test set, once: so many draws of it.
std::vector<double> test_errors(const Model& model, const Dataset& test, const std::string& set,
                                int draws) {
  std::vector<double> errors;
  for (int draw = 1; draw <= draws; ++draw) {
    Dataset images = distorted(test, set, draw);
    images.mean = model.info.mean, images.stddev = model.info.stddev;
    errors.push_back(100 * (1 - evaluate(model, images).accuracy()));
  }
  return errors;
}

Result result_of(const RunSettings& settings, const std::string& folder, const DataSplit& data) {
  const Checkpoint end = read_newest_checkpoint(folder);
  const Model model = load_model(run_files::path_in(folder, run_files::best_weights));
  TrainOptions resumed;
  resumed.resume = folder;
  const TrainOptions options = resumed_options(end.options, resumed, {});  // as it was trained
  Result r;
  r.cell = settings.cell;
  r.parameters = model.network->parameter_count();
  r.validation_error = 100 * (1 - end.state.best_accuracy);
  r.best_epoch = end.state.best_epoch;
  r.epochs = options.epochs;
  r.minutes = end.state.seconds / 60;
  r.synthetic = options.data.synthetic;
  r.errors = test_errors(model, data.test, settings.cell.set, settings.draws);
  r.more = {
      {"test_images", data.test.size()},
      {"train_images", data.train.size() - options.validation},
      {"data", data.train.name},
      {"minutes_given", settings.minutes},
      {"recipe",
       recipe(options, model.info.options.find("fill") ? model.info.options.number("fill") : 0)},
      {"network", options_line(model.info.options)},
      {"machine", machine_line()},
      {"fovea", version},
      {"finished", utc_now()}};
  return r;
}

// Whether the run in `folder` was begun and is to go on: not if it is at its end and to be trained
// again. Throws Error if it was begun in another way than `settings` ask for.
bool is_begun(const RunSettings& settings, const std::string& folder) {
  if (run_files::checkpoint_steps(folder).empty()) return false;
  const Checkpoint newest = read_newest_checkpoint(folder);
  if (settings.again && newest.state.finished) return false;
  TrainOptions asked = settings.recipe, resumed;
  resumed.resume = folder;
  const TrainOptions begun = resumed_options(newest.options, resumed, {});
  asked.epochs = settings.epochs > 0 ? settings.epochs : begun.epochs;
  resolve(asked);
  const std::string was = recipe(begun, 0), is = recipe(asked, 0);
  require(was == is, folder, ": was begun with \"", was, "\", not with \"", is,
          "\"; go on with those, or remove the folder to begin anew");
  return true;
}

bool is_done(const RunSettings& settings) {
  for (const Result& r : read_results(settings.results))
    if (r.cell == settings.cell && r.synthetic == settings.recipe.data.synthetic) return true;
  return false;
}

}  // namespace

int run_cell(const RunSettings& settings) {
  const std::string name = settings.cell.name();
  require_replaceable(settings.results, "{\"set\":\"", {});  // a line is added to ours alone
  if (!settings.again && is_done(settings)) {
    print(cat(name, ": is in ", settings.results, " already; --again trains it once more\n"));
    return 0;
  }
  require_appendable(settings.results);
  std::optional<DataSplit> data = open_digits(settings.recipe.data);
  if (!data) {
    warn(cat(name, ": left out: no data set in ", data_directory(settings.recipe.data),
             "; run 'make data' or name the folder with --data DIR"));
    return 0;
  }
  print(cat(name, "\n"));
  const std::string folder = run_files::path_in(settings.runs, name);
  const bool begun = is_begun(settings, folder);
  TrainOptions options = settings.recipe;
  options.quiet = true;
  options.keep = 1;
  options.checkpoint_every = 500;
  if (begun) {
    options.resume = folder;
    print(cat("  going on in ", folder, "\n"));
  } else {
    options.out = folder;
    options.overwrite = true;  // a run without a checkpoint, or one to be made again
    options.epochs = settings.epochs;
    if (options.epochs == 0) {
      options.epochs = 1;
      TrainOptions resolved = options;
      resolve(resolved);
      set_threads(resolved.threads);
      options.epochs = epochs_for(settings.minutes, resolved, *data);
    }
  }
  if (const int code =
          train(options, {.data = [&] { return *data; }, .command = name, .ranks = &alone()})) {
    warn(cat(name, ": the same command goes on with it"));
    return code;
  }
  const Result result = result_of(settings, folder, *data);
  append_result(settings.results, result);
  const MeanAndError error = mean_and_error(result.errors);
  print(cat("  test error ", fixed(error.mean, 2), " ± ", fixed(error.error, 2), "% (",
            settings.draws, settings.draws == 1 ? " draw), " : " draws), ",
            grouped(static_cast<std::int64_t>(result.parameters)), " parameters, ", result.epochs,
            result.epochs == 1 ? " epoch in " : " epochs in ", fixed(result.minutes, 1),
            " minutes: ", settings.results, "\n"));
  return 0;
}

}  // namespace fovea::paper
