#include <algorithm>
#include <cmath>
#include <csignal>
#include <limits>
#include <sstream>

#include "apps/run/confusion.h"
#include "apps/run/files.h"
#include "apps/shell/numbers.h"
#include "apps/shell/signals.h"
#include "apps/shell/usage_error.h"
#include "apps/train/schedules.h"
#include "apps/train/train.h"
#include "apps/train/trainer.h"
#include "core/error.h"
#include "core/workers.h"
#include "data/image_style.h"
#include "tests/train_helpers.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

void check_same(const TempDir& a, const TempDir& b) {
  for (const char* name :
       {run_files::best_weights, run_files::last_weights, run_files::frames, run_files::confusion})
    CHECK(same_file(a.file(name), b.file(name)));
}

// log.csv without the columns that measure time.
std::vector<std::string> timeless_lines(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    std::string kept, cell;
    std::size_t column = 0;
    for (std::istringstream cells(line); std::getline(cells, cell, ','); ++column)
      if (column != 10 && column != 12) kept += cell + ",";
    lines.push_back(kept);
  }
  return lines;
}

struct Parts {
  TrainOptions options;
  DataSplit data;
  Model model;
};

Parts make_parts(TrainOptions options) {
  resolve(options);
  DataSplit data = load_data(options.data);
  ModelInfo info = describe_model("tutorial", {1, 28, 28}, data.train.class_names);
  info.mean = data.train.mean;
  info.stddev = data.train.stddev;
  info.style = measure_style(data.train);
  return {options, std::move(data), make_model(info, 1)};
}

}  // namespace

// A trainer keeps references to data and model.
static_assert(std::is_constructible_v<Trainer, TrainOptions, const DataSplit&, Model&>);
static_assert(!std::is_constructible_v<Trainer, TrainOptions, DataSplit, Model&>);
static_assert(!std::is_constructible_v<Trainer, TrainOptions, const DataSplit&, Model>);
static_assert(!std::is_constructible_v<Learner, Model, TrainOptions, int>);

TEST_CASE("fault 52: any number of threads gives the same run", "[trainer]") {
  const TempDir one, three;
  TrainOptions options = little_run(one.path());
  options.threads = 1;
  CHECK(run(options) == 0);
  options.threads = 3;
  options.out = three.path();
  CHECK(run(options) == 0);
  set_threads(0);
  check_same(one, three);
  CHECK(std::filesystem::exists(one.file("report.html")));
  CHECK(std::filesystem::exists(one.file(run_files::config)));
}

namespace {

// A run, and one that is stopped by a signal at once and then after every five steps.
void check_stopped(TrainOptions options) {
  const TempDir whole, stopped;
  options.out = whole.path();
  CHECK(run(options) == 0);
  options.out = stopped.path();
  int sent = 0;
  {
    Parts p = make_parts(options);
    Trainer trainer(p.options, p.data, p.model);
    trainer.set_data_checksum(data_checksum(p.data));
    const StopSignals signals;
    std::raise(SIGINT);
    CHECK(trainer.run() == SIGINT);
    ++sent;
  }
  TrainOptions again;
  again.resume = stopped.path();
  again.quiet = true;
  for (bool finished = false; !finished; ++sent) {
    Parts p = make_parts(options);
    Trainer trainer(p.options, p.data, p.model);
    trainer.resume(read_newest_checkpoint(stopped.path()));
    trainer.set_data_checksum(data_checksum(p.data));
    trainer.run(5);
    finished = trainer.state().finished || sent > 20;
  }
  CHECK(sent > 4);
  CHECK(run(again) == 0);
  check_same(whole, stopped);
  CHECK(timeless_lines(whole.file(run_files::log_csv)) ==
        timeless_lines(stopped.file(run_files::log_csv)));
}

}  // namespace

TEST_CASE("faults 53 and 54: stopped by a signal at any step and resumed, the same bits",
          "[trainer]") {
  TrainOptions options = little_run("", 2);
  options.momentum = 0.9;
  options.optimizer = "sgd";
  options.elastic = 2;
  check_stopped(options);
}

TEST_CASE("the state of every optimiser and schedule is resumed to the same bits", "[trainer]") {
  TrainOptions options = little_run("", 3);
  options.data.train_limit = 200;
  options.fill = "0";  // as make_parts() has it
  SECTION("rmsprop on a plateau") {
    options.optimizer = "rmsprop";
    options.momentum = 0.5;
    options.centered = true;
    options.schedule = "plateau";
    options.patience = 0;
    options.threshold = 1;  // nothing is better than the first epoch
  }
  SECTION("amsgrad with restarts") {
    options.amsgrad = true;
    options.schedule = "cosine-restarts";
    options.restart_every = 1;
    options.min_lr = 1e-4;
  }
  SECTION("rmsprop in one cycle") {
    options.optimizer = "rmsprop";
    options.momentum = 0.9;
  }
  SECTION("adam with milestones") {
    options.optimizer = "adam";
    options.amsgrad = true;
    options.schedule = "multi-step";
    options.milestones = "1,2";
  }
  check_stopped(options);
}

TEST_CASE("distorted and with validation images: any threads, and resumed, the same bits",
          "[trainer][distort]") {
  const TempDir whole, stopped;
  TrainOptions options = little_run(whole.path(), 2);
  options.data.distortion = "RTS";
  options.data.train_limit = 200;
  options.validation = 50;
  options.threads = 3;
  CHECK(run(options) == 0);
  options.threads = 1;
  options.out = stopped.path();
  {
    TrainOptions resolved = options;
    resolve(resolved);
    CHECK_FALSE(resolved.augmentation().any());
    DataSplit data = load_data(options.data);
    hold_out(data, 50, options.seed);
    distort_tests(data, "RTS");
    ModelInfo info = describe_model("tutorial", data.test.image_shape, data.test.class_names);
    info.mean = data.test.mean, info.stddev = data.test.stddev, info.distortion = "RTS";
    info.style = measure_style(data.train);
    info.options.set({"fill", static_cast<double>(static_cast<Real>(
                                  fill_value(resolved, info.mean, info.stddev)))});
    Model model = make_model(info, options.seed);
    Trainer trainer(resolved, data, model);
    trainer.set_data_checksum(data_checksum(data));
    const StopSignals signals;
    CHECK(trainer.run(7) == SIGTERM);
  }
  TrainOptions again;
  again.resume = stopped.path();
  again.quiet = true;
  CHECK(run(again) == 0);
  set_threads(0);
  check_same(whole, stopped);
  const Model model = load_model(whole.file(run_files::best_weights));
  CHECK(model.info.distortion == "RTS");
  CHECK(model.info.input == Shape{1, 42, 42});
  CHECK(load_test_data(options.data, model.info).image_shape == model.info.input);
  DataOptions plain = options.data;
  plain.distortion = "none";
  CHECK(load_test_data(plain, model.info).image_shape == Shape{1, 28, 28});
}

TEST_CASE("what may change when a run is resumed", "[trainer]") {
  const TempDir dir, longer;
  TrainOptions options = little_run(dir.path(), 1);
  options.optimizer = "sgd";
  CHECK(run(options) == 0);
  TrainOptions again = little_run("", 2);
  again.data = {};
  again.resume = dir.path();
  again.lr = 0.5;
  CHECK_THAT(message_of([&] { run(again, {"lr"}); }), contains("cannot be resumed with 0.5"));
  CHECK(run(again, {"epochs", "quiet"}) == 0);
  options = little_run(longer.path(), 2);
  options.optimizer = "sgd";
  CHECK(run(options) == 0);
  CHECK(same_file(dir.file(run_files::last_weights), longer.file(run_files::last_weights)));
  CHECK_THAT(message_of([&] { run(options); }), contains("holds a run already"));
}

TEST_CASE("faults 46 and 47: what is not finite stops training before the update", "[trainer]") {
  Parts p = make_parts(little_run(""));
  Loader loader(p.data.train, {.batch = 32});
  Learner learner(p.model, p.options, loader.batches());
  const Batch* batch = loader.next();
  learner.step(*batch);
  const Tensor weight = p.model.network->named_parameters()[4].tensor;  // fc1.weight
  const Real before = weight.data()[1];
  weight.data()[0] = std::numeric_limits<Real>::infinity();
  const std::string message = message_of([&] { learner.step(*batch); });
  CHECK_THAT(message, contains("training stopped before update 2: the loss is"));
  CHECK_THAT(message, contains("in fc1 is not finite"));
  CHECK(weight.data()[1] == before);
}

TEST_CASE("names that do not exist are refused inside the library, too", "[trainer]") {
  Parts p = make_parts(little_run(""));
  TrainOptions options = p.options;
  options.optimizer = "nadam";
  CHECK_THAT(message_of([&] { make_optimizer(*p.model.network, options); }),
             contains("--optimizer 'nadam' does not exist"));
  options = p.options;
  options.schedule = "linear";
  CHECK_THAT(message_of([&] { make_schedule(options, 10); }),
             contains("--schedule 'linear' does not exist"));
}

TEST_CASE("a batch larger than the data, early stopping, and frames", "[trainer]") {
  const TempDir dir;
  TrainOptions options = little_run(dir.path(), 50);
  options.batch = 1000;
  options.optimizer = "sgd";
  options.lr = 0;
  options.early_stop = 2;
  CHECK_THAT(message_of([&] { run(options); }), contains("with --validation N"));
  options.validation = 50;
  CHECK(run(options) == 0);
  CHECK(read_newest_checkpoint(dir.path()).state.epoch == 3);
  CHECK(geometric_steps(1000, 40).front() == 0);
  CHECK(geometric_steps(1000, 40).back() == 1000);
  CHECK(geometric_steps(3, 40) == std::vector<std::int64_t>{0, 1, 2, 3});
}
