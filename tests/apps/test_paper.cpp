// The networks of the paper, and the program that measures its tables.
#include <set>
#include <thread>

#include "apps/networks/inspect.h"
#include "apps/networks/network.h"
#include "apps/run/files.h"
#include "apps/stn_paper/run.h"
#include "apps/stn_paper/table.h"
#include "core/file.h"
#include "core/step.h"
#include "layers/spatial_transformer.h"
#include "layers/warps/families.h"
#include "tests/digits.h"
#include "tests/program.h"

using namespace fovea;
using namespace fovea::paper;
using namespace fovea::testing;

namespace {

std::unique_ptr<Module> network(const std::string& name, const Shape& input, int classes = 10,
                                const std::vector<std::string>& options = {}) {
  NetworkSpec spec{input, classes, find_network(name).options};
  for (const std::string& option : options) set_option(spec.options, option);
  Random rng(1);
  return make_network(name, spec, rng);
}

Result result(const std::string& net, const std::string& warp, double error, std::uint64_t seed) {
  Result r;
  r.cell = make_cell(net, warp, "R", 0, seed);
  r.parameters = 373736;
  r.errors = {error - 0.1, error, error + 0.1};
  r.minutes = 8;
  return r;
}

}  // namespace

TEST_CASE("the paper's networks have at most 400,000 parameters on every set", "[paper]") {
  for (const char* name : {"fcn", "cnn", "st-fcn", "st-cnn", "best", "best-cnn"})
    for (const int side : {28, 42, 60}) {
      INFO(name << " on " << side);
      const auto net = network(name, {1, side, side});
      CHECK(net->parameter_count() <= 400000);
      CHECK(net->parameter_count() >= 250000);
    }
  for (const char* name : {"st-fcn", "st-cnn", "best"}) {
    INFO(name);
    const auto net = network(name, {2, 42, 42}, 19, {"transformers=2"});
    CHECK(net->parameter_count() <= 400000);
    CHECK(spatial_transformers(*net).size() == 2);
  }
  CHECK(network("st-cnn", {1, 28, 28}, 10, {"budget=120"})->parameter_count() <= 120000);
}

TEST_CASE("their transformers start at the identity and are named by an option", "[paper]") {
  for (const char* name : {"st-fcn", "st-cnn", "best"})
    for (const std::string& warp : warp_names()) {
      INFO(name << " " << warp);
      const auto net = network(name, {1, 42, 42}, 10, {"warp=" + warp});
      const auto found = spatial_transformers(*net);
      REQUIRE(found.size() == 1);
      const NoGrad guard;
      const Tensor image = Tensor::zeros({1, 42, 42}, true);
      const Tensor theta = found[0]->theta(image);
      const std::vector<Real> identity = found[0]->warp().identity();
      for (int i = 0; i < theta.size(); ++i)
        CHECK(theta[i][3] == identity[static_cast<std::size_t>(i)]);
      CHECK((*found[0])(image).shape() == Shape{1, 56, 56});  // averaged to 28 x 28 behind it
      CHECK((*net)(image).shape() == Shape{10});
    }
  CHECK(network("st-cnn", {1, 28, 28})->named_parameters().size() == 14);
  CHECK_THAT(message_of([] { network("st-cnn", {1, 20, 20}); }), contains("at least 28x28"));
  CHECK_THAT(message_of([] {
               network("st-cnn", {1, 28, 28}, 10, {"output=10"});
             }),
             contains("output of 28 to 256"));
}

TEST_CASE("two transformers see both digits, and their outputs are side by side", "[paper]") {
  ModelInfo info = describe_model("st-cnn", {2, 42, 42}, std::vector<std::string>(19, "sum"));
  info.mean = {0.1f, 0.1f}, info.stddev = {0.3f, 0.3f};
  set_option(info.options, "transformers=2");
  const Model model = make_model(info, 1);
  const std::vector<Stage> stages = transformer_stages(model);
  REQUIRE(stages.size() == 2);
  for (const Stage& stage : stages) {
    CHECK(stage.of_image);
    CHECK(stage.parent == -1);
  }
  const std::vector<std::uint8_t> pixels(2 * 2 * 42 * 42, 100);
  CHECK(inspect(model, pixels).at(1).thetas.size() == 2);
}

TEST_CASE("cells: names, what does not exist, and the plan", "[paper]") {
  CHECK(make_cell("st-cnn", "affine", "R", 0, 1).name() == "R-st-cnn-affine-1");
  CHECK(make_cell("st-fcn", "affine", "addition", 0, 2).name() == "addition-st-fcn-2xaffine-2");
  CHECK(make_cell("cnn", "affine", "TC", 0, 3).name() == "TC-cnn-3");
  CHECK(make_cell("best-cnn", "affine", "TC", 0, 3).transformers == 0);
  const auto message = [](const char* net, const char* warp, const char* set, int count) {
    return message_of([&] { make_cell(net, warp, set, count, 1); });
  };
  CHECK_THAT(message("st-cn", "affine", "R", 0), contains("--net 'st-cn' does not exist"));
  CHECK_THAT(message("st-cnn", "afine", "R", 0), contains("did you mean affine?"));
  CHECK_THAT(message("st-cnn", "affine", "RT", 0), contains("--set 'RT' does not exist"));
  CHECK_THAT(message("cnn", "affine", "R", 2), contains("cnn has none"));
  std::set<std::string> names;
  for (const Planned& planned : plan()) {
    CHECK(names.insert(planned.cell.name()).second);
    TrainOptions recipe = recipe_of(planned.cell);
    CHECK(recipe.validation == 5000);
    CHECK_NOTHROW(resolve(recipe));
    CHECK_NOTHROW(network_options(recipe));
  }
  for (const char* name : {"R-fcn-1", "TC-st-cnn-affine-1", "addition-st-fcn-2xaffine-1",
                           "addition-st-fcn-affine-1", "E-best-affine-3", "E-best-cnn-1"})
    CHECK(names.count(name) == 1);
}

TEST_CASE("results: lines from several writers, each whole", "[paper]") {
  const TempDir dir;
  const std::string path = dir.file("results.jsonl");
  CHECK(read_results(path).empty());
  std::vector<std::thread> writers;
  for (int w = 0; w < 4; ++w)
    writers.emplace_back([&, w] {
      for (int i = 0; i < 5; ++i)
        append_result(path, result("cnn", "", 1, static_cast<std::uint64_t>(w * 5 + i)));
    });
  for (std::thread& writer : writers) writer.join();
  const std::vector<Result> all = read_results(path);
  std::set<std::uint64_t> seeds;
  for (const Result& r : all) seeds.insert(r.cell.seed);
  CHECK(seeds.size() == 20);
  CHECK(all[0].errors == std::vector<double>{0.9, 1.0, 1.1});
  CHECK(all[0].cell.net == "cnn");
  // A last line without its newline counts; a torn one does not, and gives way to the next.
  const std::vector<std::uint8_t> bytes = read_file(path, 1 << 20);
  const std::string whole(bytes.begin(), bytes.end());
  dir.write("results.jsonl", whole.substr(0, whole.size() - 1));
  CHECK(read_results(path).size() == 20);
  append_result(path, result("cnn", "", 1, 20));
  CHECK(read_results(path).size() == 21);
  dir.write("results.jsonl", whole + whole.substr(0, 50));
  CHECK(read_results(path).size() == 20);
  append_result(path, result("cnn", "", 1, 20));
  CHECK(read_results(path).size() == 21);
  for (const char* damaged : {"{\"set\": \"R\"}\n", "{\"set\": \"R\"}", "[]\n"}) {
    dir.write("results.jsonl", damaged);
    CHECK_THAT(message_of([&] { read_results(path); }),
               contains("results.jsonl") && contains("damaged") && contains("remove that line"));
  }
  CHECK_THAT(message_of([&] { require_appendable(dir.path() + "/no/folder.jsonl"); }),
             contains("no/folder.jsonl"));
}

TEST_CASE("tables: seeds, standard errors, published figures, rows that are behind", "[paper]") {
  std::vector<Result> all = {result("cnn", "", 1.0, 1),          result("st-cnn", "affine", 0.6, 1),
                             result("st-cnn", "affine", 0.8, 2), result("st-cnn", "affine", 0.7, 3),
                             result("st-fcn", "affine", 2, 1),   result("fcn", "", 1.5, 1)};
  std::string text = paper_tables(all, false);
  // 0.1 / sqrt(3) over seeds and draws alike.
  CHECK_THAT(text, contains("| ST-CNN affine | 0.70 ± 0.06 (3 seeds) / 0.7 |"));
  CHECK_THAT(text, contains("| CNN | 1.00 ± 0.06 / 1.2 |"));
  CHECK_THAT(text, contains("| ST-FCN affine | 2.00 ± 0.06 ! / 1.2 |"));
  CHECK_THAT(text, contains("| CNN | 8.0 min, 374k |"));
  for (Result& r : all) r.synthetic = true;
  all[0].cell.tag = "trial";
  text = paper_tables(all, false);
  CHECK_THAT(text, contains("| CNN | – / 1.2 |"));
  CHECK_THAT(text, contains("Left out: 1 line of trials"));
  CHECK_THAT(text, contains("Left out: 5 lines of drawn digits"));
  CHECK_THAT(paper_tables(all, true), contains("not MNIST"));
}

TEST_CASE("a cell that is interrupted goes on to the same result", "[paper][cli]") {
  if (!program_built()) return;
  const TempDir dir;
  const ProgramOutcome outcome = run_shell(dir, R"sh(
    S=${P%/*}/stn_paper
    cell="--net st-fcn --set R --synthetic --train-limit 6000 --test-limit 100 --tag t --epochs 12 --draws 2"
    run() { "$S" run $cell --results $1.jsonl --runs $1; }
    run whole || exit 9
    "$S" run $cell --results parts.jsonl --runs parts & child=$!
    until [ -e parts/R-st-fcn-affine-1-t/config.json ]; do sleep 0.01; done
    kill -TERM $child; wait $child; echo "stopped: $?"
    run parts; echo "then: $?"
    run parts; echo "again: $?"
    rm -r parts
    "$S" run $cell --again --results parts.jsonl --runs parts & child=$!
    until [ -e parts/R-st-fcn-affine-1-t/config.json ]; do sleep 0.01; done
    kill -TERM $child; wait $child; echo "stopped again: $?"
    "$S" run $cell --again --elastic 1 --results parts.jsonl --runs parts; echo "other recipe: $?"
    "$S" run $cell --again --results parts.jsonl --runs parts >out; echo "once more: $?"
    grep -c "going on in parts" out; wc -l <parts.jsonl
    "$S" run --net fcn --set R --lr 1; echo "misuse: $?"
    "$S" run $cell --results no/folder.jsonl --runs none; echo "no file: $?"; [ -e none ] || echo untouched
    "$S" table --results missing.jsonl; echo "no table: $?"
    for m in nan -1 0 1e9; do "$S" run $cell --minutes $m || echo "minutes: $?"; done
    field() { grep -o '"errors":[^]]*]' $1.jsonl | sort -u; }
    [ "$(field whole)" = "$(field parts)" ] && echo same
    cmp whole/*/best.safetensors parts/*/best.safetensors && echo "same bits")sh");
  INFO(outcome.out << outcome.err);
  for (const char* text :
       {"stopped: 143", "going on in parts", "then: 0", "is in parts.jsonl already", "again: 0",
        "stopped again: 143", "other recipe: 1", "once more: 0\n1\n2\n", "misuse: 2", "no file: 1",
        "untouched", "no table: 1", "minutes: 2\nminutes: 2\nminutes: 2\nminutes: 2\n", "same\n",
        "same bits"})
    CHECK_THAT(outcome.out, contains(text));
  CHECK_THAT(outcome.err, contains("the same command goes on with it"));
  CHECK_THAT(outcome.err, contains("not with \"") && contains("elastic 1,"));
  CHECK_THAT(outcome.err, contains("--lr makes a trial of the cell"));
}

TEST_CASE("without MNIST a cell is left out, and says so", "[paper]") {
  const TempDir dir;
  RunSettings settings;
  settings.cell = make_cell("fcn", "", "R", 0, 1);
  settings.recipe = recipe_of(settings.cell);
  settings.recipe.data.directory = dir.path();
  settings.results = dir.file("results.jsonl"), settings.runs = dir.file("runs");
  CHECK(run_cell(settings) == 0);
  CHECK(read_results(settings.results).empty());
}
