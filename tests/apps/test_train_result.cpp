// What a run chooses by, and what it leaves as its result.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "apps/networks/evaluate.h"
#include "apps/networks/model.h"
#include "apps/run/checkpoint.h"
#include "apps/run/confusion.h"
#include "apps/run/files.h"
#include "apps/run/log.h"
#include "apps/train/data.h"
#include "tests/train_helpers.h"

using namespace fovea;
using namespace fovea::testing;

TEST_CASE("a plateau lowers the rate that the log shows", "[trainer]") {
  const TempDir dir;
  TrainOptions options = little_run(dir.path(), 4);
  options.schedule = "plateau";
  options.patience = 0, options.threshold = 1, options.gamma = 0.5, options.min_lr = 0.0015;
  options.warmup = 3;
  CHECK(run(options) == 0);
  const Checkpoint last = read_newest_checkpoint(dir.path());
  REQUIRE(last.state.plateau);
  CHECK(last.state.plateau->lr == 0.0015);
  std::vector<double> rates;
  std::ifstream file(dir.file(run_files::log_csv));
  std::vector<std::string> header;
  for (std::string line; std::getline(file, line);) {
    std::vector<std::string> row;
    std::istringstream cells(line);
    for (std::string cell; std::getline(cells, cell, ',');) row.push_back(cell);
    if (header.empty()) header = row;
    const auto lr = std::find(header.begin(), header.end(), "lr") - header.begin();
    if (row.at(0) == "epoch") rates.push_back(std::stod(row.at(static_cast<std::size_t>(lr))));
  }
  CHECK(rates == std::vector<double>{0.004, 0.004, 0.002, 0.0015});
}

TEST_CASE("without validation images the last epoch is the result, with them the best on them",
          "[trainer]") {
  const TempDir plain, held_out;
  TrainOptions options = little_run(plain.path(), 2);
  CHECK(run(options) == 0);
  CHECK(same_file(plain.file(run_files::best_weights), plain.file(run_files::last_weights)));
  CHECK(read_newest_checkpoint(plain.path()).state.best_epoch == 2);

  options = little_run(held_out.path(), 4);
  options.validation = 100;
  options.optimizer = "sgd";
  options.lr = 3;  // wild: epochs get worse as well as better
  options.clip_norm = 1;
  CHECK(run(options) == 0);
  const RunLog log = read_run_log(held_out.file(run_files::log_jsonl));
  REQUIRE(log.epochs.size() == 4);
  std::size_t best = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(std::isnan(log.epochs[i]["test_loss"]));  // test images wait for the end
    const auto rank = [&](std::size_t epoch) {
      return std::pair(-log.epochs[epoch]["validation_accuracy"],
                       log.epochs[epoch]["validation_loss"]);
    };
    if (rank(i) < rank(best)) best = i;
  }
  const RunState state = read_newest_checkpoint(held_out.path()).state;
  CHECK(state.best_epoch == static_cast<int>(best) + 1);
  const Model model = load_model(held_out.file(run_files::best_weights));
  DataSplit data = load_data(options.data);
  hold_out(data, 100, options.seed);
  CHECK(evaluate(model, data.validation).loss == state.best_loss);
  CHECK(read_confusion(held_out.file(run_files::confusion))->total == 100);
  CHECK(read_confusion(held_out.file(run_files::confusion))->loss ==
        Approx(evaluate(model, data.test).loss));
  options.validation = 400;
  options.overwrite = true;
  CHECK_THAT(message_of([&] { run(options); }), contains("400 images cannot be held out of 400"));
}
