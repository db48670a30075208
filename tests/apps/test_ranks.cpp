// Ranks that train together have the bits of one process. tests/cluster/run does it with MPI.
#include <cmath>
#include <csignal>

#include "apps/cluster/step_sum.h"
#include "apps/networks/evaluate.h"
#include "apps/networks/model_info.h"
#include "apps/train/trainer.h"
#include "tests/step_model.h"
#include "tests/train_helpers.h"
#include "tests/turn_ranks.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

// What rank `rank` has of a batch that is all here.
Batch part_of(const Batch& whole, int rank, int ranks) {
  const Share share = share_of(whole.size, rank, ranks);
  const auto first = static_cast<std::size_t>(share.first);
  const auto size = static_cast<std::size_t>(share.size);
  const auto pixels = static_cast<std::size_t>(whole.image_shape.size());
  Batch part = whole;
  part.size = share.size, part.first = share.first, part.whole = whole.size;
  part.tiles_a_task = share.tiles_a_task;
  part.pixels = whole.pixels.subspan(first * pixels, size * pixels);
  part.labels = whole.labels.subspan(first, size);
  return part;
}

// Loss and gradients of a step of so many ranks; all must have found the same.
std::vector<Real> step_of(int count, const StepData& data) {
  std::vector<std::vector<Real>> found;
  TurnRanks::run(count, [&](Ranks& ranks) {
    const StepModel model;
    std::vector<Tensor> parameters = model.parameters();
    Tensor unused = Tensor::zeros({3});
    parameters.push_back(unused.set_requires_grad());
    StepSum sum(ranks, parameters);
    const Batch batch = part_of(data.batch, ranks.rank(), ranks.size());
    const StepSum::Found all = sum.sum(train_step_parts(batch, model), batch,
                                       {.correct = 1, .stop = ranks.rank() == 1 ? SIGINT : 0});
    found.push_back(model.gradients());
    found.back().push_back(static_cast<Real>(all.loss));
    CHECK(all.correct == ranks.size());
    CHECK(all.stop == (ranks.size() > 1 ? SIGINT : 0));
    CHECK_FALSE(unused.grad());
    CHECK(sum.times().steps == 1);
  });
  REQUIRE(found.size() == static_cast<std::size_t>(count));
  for (const std::vector<Real>& one : found) CHECK(one == found[0]);
  return found[0];
}

std::vector<Real> step_of_one_process(const StepData& data) {
  const StepModel model;
  const double loss = train_step(data.batch, model);
  std::vector<Real> out = model.gradients();
  out.push_back(static_cast<Real>(loss));
  return out;
}

}  // namespace

TEST_CASE("shares of a batch are disjoint, whole, and tasks of one process", "[ranks]") {
  for (const int size : {1, 16, 17, 64, 100, 256, 272, 4096, 5000})
    for (const int ranks : {1, 2, 3, 4, 7, 16, 17, 40}) {
      const Share one = share_of(size, 0, std::max(1, ranks > max_tasks ? ranks : 1));
      int next = 0, tasks = 0;
      for (int r = 0; r < ranks; ++r) {
        const Share share = share_of(size, r, ranks);
        REQUIRE(share.first == next);
        REQUIRE(share.tasks <= max_tasks);
        REQUIRE((share.size > 0) == (share.tasks > 0));
        if (share.size > 0) REQUIRE(share.first % (share.tiles_a_task * lane_count) == 0);
        if (ranks <= max_tasks) REQUIRE(share.tiles_a_task == one.tiles_a_task);
        next += share.size, tasks += share.tasks;
      }
      REQUIRE(next == size);
      if (ranks <= max_tasks) REQUIRE(tasks == one.tasks);
      CHECK(share_of(size, 0, ranks).size > 0);  // rank 0 logs the first tile
    }
}

TEST_CASE("up to sixteen ranks sum gradients to the bits of one process", "[ranks]") {
  for (const int size : {20, 77, 600}) {
    const StepData data(size);
    const std::vector<Real> one = step_of_one_process(data);
    for (const int count : {1, 2, 3, 5, 16}) {
      INFO(count << " ranks, " << size << " images");
      CHECK(step_of(count, data) == one);
    }
  }
}

TEST_CASE("more ranks than tasks sum to the same to rounding, and twice to the same", "[ranks]") {
  const StepData data(600);
  const std::vector<Real> one = step_of_one_process(data), many = step_of(20, data);
  REQUIRE(many.size() == one.size());
  CHECK(step_of(20, data) == many);
  for (std::size_t i = 0; i < one.size(); ++i)
    CHECK(static_cast<double>(many[i]) == Approx(static_cast<double>(one[i])).margin(1e-6));
}

TEST_CASE("every rank's loader has its share of the same order, varied alike", "[ranks][loader]") {
  const TempDir dir;
  TrainOptions o = little_run("");
  const DataSplit data = load_data(o.data);
  LoaderOptions options{.batch = 150, .augmentation = {.shift = 2, .rotation = 10}};
  Loader whole(data.train, options);
  options.ranks = 4;
  std::vector<std::unique_ptr<Loader>> parts;
  for (options.rank = 0; options.rank < 4; ++options.rank)
    parts.push_back(std::make_unique<Loader>(data.train, options));
  whole.set_epoch(1);
  for (const auto& part : parts) part->set_epoch(1);
  int batches = 0;
  while (const Batch* all = whole.next()) {
    std::vector<std::uint8_t> pixels;
    std::vector<std::int32_t> labels;
    for (const auto& part : parts) {
      const Batch* batch = part->next();
      REQUIRE(batch);
      CHECK(batch->first == static_cast<int>(labels.size()));
      CHECK(batch->whole_size() == all->size);
      CHECK(batch->seed == all->seed);
      pixels.insert(pixels.end(), batch->pixels.begin(), batch->pixels.end());
      labels.insert(labels.end(), batch->labels.begin(), batch->labels.end());
    }
    const bool same =
        std::equal(pixels.begin(), pixels.end(), all->pixels.begin(), all->pixels.end()) &&
        std::equal(labels.begin(), labels.end(), all->labels.begin(), all->labels.end());
    CHECK(same);
    ++batches;
  }
  CHECK(batches == 3);  // the last one has fewer tiles than the others
}

TEST_CASE("ranks train to the weights of one process, and stop together", "[ranks][trainer]") {
  TrainOptions options = little_run("", 1);
  options.batch = 72;  // five tiles, and in the last batch three
  resolve(options);
  const DataSplit data = load_data(options.data);
  const auto trained = [&](Ranks& ranks, int steps, RunState& state) {
    ModelInfo info = describe_model("tutorial", {1, 28, 28}, data.train.class_names);
    info.mean = data.train.mean, info.stddev = data.train.stddev;
    Model model = make_model(info, 1);
    Trainer trainer(options, data, model, {}, ranks);
    CHECK(trainer.run(steps) == (steps < 6 ? SIGTERM : 0));
    state = trainer.state();
    std::vector<Real> weights;
    for (const Tensor& p : model.network->parameters())
      weights.insert(weights.end(), p.values().begin(), p.values().end());
    return weights;
  };
  RunState one_state;
  const std::vector<Real> one = trained(alone(), 100, one_state);
  for (const int count : {2, 4})
    TurnRanks::run(count, [&](Ranks& ranks) {
      RunState state;
      const bool same = trained(ranks, 100, state) == one;
      CHECK(same);
      CHECK(state.best_loss == one_state.best_loss);
      CHECK(state.best_accuracy == one_state.best_accuracy);
      CHECK(state.step == 6);
    });
  TurnRanks::run(2, [&](Ranks& ranks) {
    RunState state;
    trained(ranks, 2, state);
    CHECK(state.step == 2);
  });
}

TEST_CASE("ranks that evaluate together find what one finds", "[ranks]") {
  TrainOptions options = little_run("");
  const DataSplit data = load_data(options.data);
  const Model model = make_model(describe_model("tutorial", {1, 28, 28}, data.test.class_names), 1);
  const Evaluation one = evaluate(model, data.test);
  TurnRanks::run(3, [&](Ranks& ranks) {
    const Evaluation all = evaluate(model, data.test, ranks);
    CHECK(all.loss == one.loss);
    CHECK(all.correct == one.correct);
    CHECK(all.total == 100);
  });
}

TEST_CASE("what ranks tell each other", "[ranks]") {
  TurnRanks::run(3, [](Ranks& ranks) {
    CHECK(all_of(ranks, 10 + ranks.rank()) == std::vector{10, 11, 12});
    CHECK(first_text(ranks, ranks.rank() == 1 ? "cause" : "") == "cause");
    CHECK(first_text(ranks, std::string(1000, 'x')) == std::string(400, 'x'));
    CHECK(first_text(ranks, "").empty());
    require_same(ranks, 7, "other images");
    CHECK_THROWS_WITH(require_same(ranks, ranks.rank() == 2 ? 8 : 7, "other images"),
                      "rank 2 has other images than rank 0: the folders and files that are named "
                      "must be the same on every machine");
    std::vector<int> parts(7, -1);  // more than ranks, and not a multiple
    for (std::size_t i = part_begin(ranks, 7, ranks.rank());
         i < part_begin(ranks, 7, ranks.rank() + 1); ++i)
      parts[i] = static_cast<int>(i);
    share_parts(ranks, parts.data(), parts.size(), sizeof(int));
    CHECK(parts == std::vector{0, 1, 2, 3, 4, 5, 6});
  });
  CHECK(all_of(alone(), 5) == std::vector{5});
  CHECK(default_threads(alone()) >= 1);
}

TEST_CASE("a wrong FOVEA_RANK_TIMEOUT is said", "[ranks]") {
  ::setenv("FOVEA_RANK_TIMEOUT", "soon", 1);
  CHECK_THROWS_WITH(rank_timeout(), "FOVEA_RANK_TIMEOUT takes seconds, above 0, got 'soon'");
  ::setenv("FOVEA_RANK_TIMEOUT", "2.5", 1);
  CHECK(rank_timeout() == 2.5);
  ::unsetenv("FOVEA_RANK_TIMEOUT");
  CHECK(rank_timeout() == 60);
}

TEST_CASE("a program for one process does not take itself for one of several", "[ranks]") {
  if (!program_built()) return;
  const TempDir dir;
  const ProgramOutcome end =
      run_shell(dir,
                "ldd \"$P\" | grep -q libmpi && exit 77\n"
                "OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_RANK=0 \"$P\" train --synthetic");
  if (end.code == 77) {
    WARN("the program was built for several processes");
    return;
  }
  CHECK(end.code == 1);
  const std::string expected =
      "mnist_stn: error: mpirun started this program 2 times, but it was built for one process: "
      "build it with make MPI=1\n";
  CHECK(end.err == expected);
}
