// stn_paper: the tables of Jaderberg et al. 2015, a cell at a time.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "apps/cluster/ranks.h"
#include "apps/shell/build_info.h"
#include "apps/shell/command.h"
#include "apps/shell/console.h"
#include "apps/shell/program.h"
#include "apps/shell/usage_error.h"
#include "apps/stn_paper/run.h"
#include "apps/stn_paper/table.h"
#include "core/error.h"

namespace fovea::paper {

namespace {

constexpr const char* results_file = "apps/stn_paper/results.jsonl";

void add_results(Command& command, std::string& path) {
  command.option("--results", path, "one JSON object a line for every finished cell", "FILE");
}

void add_data(Command& command, DataOptions& data) {
  command.group("Data")
      .option("--data", data.directory,
              "folder of MNIST (default: $FOVEA_DATA, else "
              "datasets/mnist)",
              "DIR")
      .flag("--synthetic", data.synthetic, "drawn digits; the results say so")
      .option("--train-limit", data.train_limit, "only N training images; 0: all", "N")
      .option("--test-limit", data.test_limit, "only N test images; 0: all", "N");
}

struct RunOptions {
  RunSettings settings{.cell = {}, .recipe = {}, .results = results_file, .runs = "runs/paper"};
  std::string net, warp = "affine", set, tag;
  int transformers = 0;
  std::uint64_t seed = 1;
  std::optional<double> lr, lr_loc_scale, weight_decay, elastic, label_smoothing;
  std::vector<std::string> model_options;
  int batch = 0;
  DataOptions data;
  int threads = 0;
};

// What a trial changes.
void change(TrainOptions& recipe, const RunOptions& o) {
  if (o.lr) recipe.lr = o.lr;
  if (o.lr_loc_scale) recipe.lr_loc_scale = *o.lr_loc_scale;
  if (o.weight_decay) recipe.weight_decay = o.weight_decay;
  if (o.elastic) recipe.elastic = o.elastic;
  if (o.label_smoothing) recipe.label_smoothing = *o.label_smoothing;
  if (o.batch > 0) recipe.batch = o.batch;
  for (const std::string& option : o.model_options) recipe.model_options.push_back(option);
  const std::string set = recipe.data.distortion;
  recipe.data = o.data;
  recipe.data.distortion = set;
  recipe.threads = o.threads;
}

int run(RunOptions o) {
  require_usage(ranks().size() == 1,
                "run trains one cell on one rank; plan --run gives each rank "
                "of mpirun its own");
  require_usage(o.settings.minutes > 0 && o.settings.minutes <= 1e6,
                "--minutes takes a number above 0, up to 1000000, got ", o.settings.minutes);
  o.settings.cell = make_cell(o.net, o.warp, o.set, o.transformers, o.seed);
  o.settings.cell.tag = o.tag;
  o.settings.recipe = recipe_of(o.settings.cell);
  change(o.settings.recipe, o);
  return run_cell(o.settings);
}

void add_run(CLI::App& app, int& code) {
  Command command(app, "run", "train and test one cell, or go on with it");
  const auto o = std::make_shared<RunOptions>();
  command.option("--net", o->net, "fcn, cnn, st-fcn, st-cnn, best or best-cnn", "NAME").required();
  command.option("--warp", o->warp, "family of the transformers", "NAME");
  command.option("--set", o->set, "R, RTS, P, E, TC or addition", "NAME").required();
  command.option("--transformers", o->transformers, "0: two for addition, else one", "N");
  command.option("--seed", o->seed, "of training; the test set is always the same", "N");
  command.option("--minutes", o->settings.minutes,
                 "of training: sets the epochs, by the speed measured at the start", "M");
  command.option("--epochs", o->settings.epochs, "instead of --minutes; 0: by them", "N")
      .range(0, 100000);
  command.option("--draws", o->settings.draws, "of the test set", "N").range(1, 1000);
  add_results(command, o->settings.results);
  command.option("--runs", o->settings.runs, "folder of the cells' runs", "DIR");
  command.flag("--again", o->settings.again, "also if the results have this cell");
  command.option("--threads", o->threads, "0: one for each CPU", "N").range(0, 256);
  add_data(command, o->data);
  command.group("Trials")
      .option("--tag", o->tag, "a name for the trial: not for the table", "NAME")
      .option("--lr", o->lr, "highest learning rate", "X")
      .option("--lr-loc-scale", o->lr_loc_scale, "times that: the localisation networks'", "X")
      .option("--weight-decay", o->weight_decay, "decay of weights", "X")
      .option("--batch", o->batch, "images a step", "N")
      .option("--elastic", o->elastic, "pixels of elastic distortion before the set's", "X")
      .option("--label-smoothing", o->label_smoothing, "share of all classes", "X")
      .option("--model-option", o->model_options, "of the network, such as budget=120",
              "NAME=VALUE");
  command.footer(
      "Example:\n  stn_paper run --net st-cnn --warp affine --set R --seed 1 --minutes 8");
  command.action([o, &code, command] {
    // A trial must not pass for a cell of the table.
    const auto given = command.given();
    for (const char* name : {"lr", "lr-loc-scale", "weight-decay", "batch", "elastic",
                             "label-smoothing", "model-option", "train-limit", "test-limit"})
      require_usage(!given.count(name) || !o->tag.empty(), "--", name,
                    " makes a trial of the cell; give it a name with --tag NAME");
    code = run(*o);
  });
}

void add_table(CLI::App& app) {
  Command command(app, "table", "measured beside published, with standard errors");
  struct Options {
    std::string results = results_file;
    bool synthetic = false;
  };
  const auto o = std::make_shared<Options>();
  add_results(command, o->results);
  command.flag("--synthetic", o->synthetic, "of the cells on drawn digits instead");
  command.action([o] {
    require(std::filesystem::exists(o->results), printable(o->results, 4096),
            ": no such file; stn_paper run makes one, or name another with --results");
    const std::vector<Result> results = read_results(o->results);
    print(paper_tables(results, o->synthetic));
    if (results.empty())
      print(printable(o->results, 4096) + " holds no cell yet; stn_paper run makes one\n");
  });
}

struct PlanOptions {
  RunSettings settings{.cell = {}, .recipe = {}, .results = results_file, .runs = "runs/paper"};
  bool run = false;
  std::string net, set;
  DataOptions data;
  int threads = 0;
};

std::string command_of(const Planned& planned) {
  const Cell& cell = planned.cell;
  const std::string look = cell.transformers == 0
                               ? ""
                               : cat(" --warp ", cell.warp, " --transformers ", cell.transformers);
  return cat("build/stn_paper run --net ", cell.net, look, " --set ", cell.set, " --seed ",
             cell.seed, " --minutes ", planned.minutes);
}

// The cells that are not done, each by one rank: they have nothing to tell each other.
int run_plan(const PlanOptions& o, const std::vector<Planned>& left) {
  Ranks& job = ranks();
  barrier(job);  // all have read the results, and so have one list
  for (std::size_t i = static_cast<std::size_t>(job.rank()); i < left.size();
       i += static_cast<std::size_t>(job.size())) {
    RunSettings settings = o.settings;
    settings.cell = left[i].cell;
    settings.minutes = left[i].minutes;
    settings.recipe = recipe_of(settings.cell);
    const std::string set = settings.recipe.data.distortion;
    settings.recipe.data = o.data;
    settings.recipe.data.distortion = set;
    settings.recipe.threads = o.threads > 0 ? o.threads : default_threads(job);
    if (const int code = run_cell(settings)) return code;
  }
  return 0;
}

void add_plan(CLI::App& app, int& code) {
  Command command(app, "plan", "the commands of all cells of the table, for a shell");
  const auto o = std::make_shared<PlanOptions>();
  add_results(command, o->settings.results);
  command.option("--net", o->net, "of this network only", "NAME");
  command.option("--set", o->set, "of this set only", "NAME");
  command.flag("--run", o->run, "run those that are not done; by mpirun, each rank its own");
  command.option("--epochs", o->settings.epochs, "instead of the plan's minutes; 0: by them", "N")
      .range(0, 100000);
  command.option("--runs", o->settings.runs, "folder of the cells' runs", "DIR");
  command.option("--threads", o->threads, "of each rank; 0: its part of the CPUs", "N")
      .range(0, 256);
  add_data(command, o->data);
  command.action([o, &code] {
    // Fewer images make no cell of the table.
    require_usage(o->data.synthetic || (o->data.train_limit == 0 && o->data.test_limit == 0),
                  "plan takes limits of images with --synthetic only");
    std::vector<Planned> left;
    bool known = false;
    const std::vector<Result> results = read_results(o->settings.results);
    for (const Planned& planned : plan()) {
      const Cell& cell = planned.cell;
      if ((!o->net.empty() && cell.net != o->net) || (!o->set.empty() && cell.set != o->set))
        continue;
      known = true;
      const bool done = std::any_of(results.begin(), results.end(), [&](const Result& r) {
        return r.cell == cell && r.synthetic == o->data.synthetic;
      });
      if (!done) left.push_back(planned);
      if (!o->run) print(cat(done ? "# done: " : "", command_of(planned), "\n"));
    }
    require_usage(known, "no cell of the table has --net ", o->net, " --set ", o->set);
    if (o->run) code = run_plan(*o, left);
  });
}

int run_command_line(int argc, char** argv) {
  CLI::App app("The tables of Jaderberg et al. 2015, \"Spatial Transformer Networks\", measured",
               "stn_paper");
  app.set_version_flag("--version", cat("stn_paper, Fovea ", version), "print the version");
  app.require_subcommand(1);
  int code = 0;
  add_run(app, code);
  add_table(app);
  add_plan(app, code);
  parse_all(app, argc, argv);
  return code;
}

}  // namespace

}  // namespace fovea::paper

int main(int argc, char** argv) {
  return fovea::run_program("stn_paper", argc, argv, fovea::paper::run_command_line,
                            fovea::failing_rank);
}
