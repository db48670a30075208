// build/bench: how fast this build trains on this machine, and how far from the machine's peak.
#include <algorithm>
#include <cstdio>

#include "apps/bench/ranks.h"
#include "apps/bench/report.h"
#include "apps/cluster/ranks.h"
#include "apps/shell/command.h"
#include "apps/shell/outputs.h"
#include "apps/shell/program.h"
#include "apps/shell/usage_error.h"
#include "core/workers.h"

namespace {

using namespace fovea;
using namespace fovea::bench;

struct Options {
  int threads = 0, batch = 0;
  bool quick = false;
  std::string json, probe;
  std::vector<std::string> only;
};

// Beside the tutorial's.
struct LargeNetwork {
  const char *section, *title, *network;
};
constexpr LargeNetwork large_networks[] = {
    {"wide", "wide CIFAR-10 network", "cifar"},
    {"deep", "network of 3x3 convolutions", "cifar-deep"},
    {"st-cnn", "ST-CNN of the transformers' paper", "st-cnn"},
    {"best", "network for distorted digits", "best"},
};

std::vector<std::string> sections() {
  std::vector<std::string> names{"train",  "eval",  "layers", "operations", "ways",
                                 "memory", "start", "busy",   "widths",     "why"};
  for (const LargeNetwork& network : large_networks) names.emplace_back(network.section);
  names.insert(names.end(), {"distortions", "ranks"});
  return names;
}

// 1, 2, 3, 4, then powers of two, and the last.
std::vector<int> thread_counts(int last) {
  std::vector<int> counts;
  for (int n = 1; n < last; n += n < 4 ? 1 : n) counts.push_back(n);
  counts.push_back(last);
  return counts;
}

class Bench {
 public:
  explicit Bench(const Options& options)
      : options_(options),
        counts_(thread_counts(options.threads ? options.threads : available_cpus())) {
    if (options.quick) effort_ = {.repeats = 3, .seconds = 0.05};
  }

  Results run(const std::string& self) {
    results_.machine = describe_machine();
    print_machine(results_.machine);
    for (int n : counts_)
      results_.peak.push_back({n, peak_gflops(n, {.repeats = effort_.repeats, .seconds = 0.1})});
    print_peak(results_.peak);
    if (wanted("train")) train();
    if (wanted("eval")) evaluate();
    if (wanted("busy")) busy();
    if (wanted("layers")) layers();
    if (wanted("operations")) operations();
    if (asked_for("ways")) ways();
    if (asked_for("why")) why();
    if (wanted("distortions")) distort();
    if (wanted("widths")) widths();
    for (const LargeNetwork& network : large_networks)
      if (wanted(network.section)) results_.larger.push_back(large(network, self));
    if (wanted("memory")) memory(self);
    if (wanted("start")) {
      results_.first_step_ms = first_step_ms(self);
      std::printf("time from start to the end of the first step: %.0f ms\n",
                  results_.first_step_ms);
    }
    return std::move(results_);
  }

 private:
  bool wanted(const std::string& section) const {
    return options_.only.empty() ||
           std::find(options_.only.begin(), options_.only.end(), section) != options_.only.end();
  }

  // Of what nobody wants to see every time.
  bool asked_for(const std::string& section) const {
    return !options_.only.empty() && wanted(section);
  }

  double peak_of(int threads) const {
    for (const Peak& peak : results_.peak)
      if (peak.threads == threads) return peak.gflops;
    return results_.peak.back().gflops;
  }

  Speed speed(const std::string& network, int batch, int threads, const Rate& rate) const {
    const double gflops = rate.median * training_flop(network) / 1e9;
    return {batch, threads, rate, 100 * gflops / peak_of(threads)};
  }

  void train() {
    print_title("training, tutorial network", training_flop("tutorial"));
    for (int batch : batches())
      for (int n : counts_) {
        results_.train.push_back(
            speed("tutorial", batch, n, training_rate("tutorial", batch, n, effort_)));
        print_speed(results_.train.back());
      }
  }

  std::vector<int> batches() const {
    if (options_.batch) return {options_.batch};
    return options_.quick ? std::vector{64} : std::vector{16, 64, 256, 1024};
  }

  void evaluate() {
    print_title("evaluation, tutorial network", 0);
    for (int n : counts_) {
      results_.eval.push_back({1024, n, evaluation_rate("tutorial", 1024, n, effort_), 0});
      print_speed(results_.eval.back());
    }
  }

  void busy() {
    print_title("training while another program uses one core", 0);
    for (int n : counts_) {
      results_.busy.push_back({64, n, busy_training_rate("tutorial", 64, n, effort_), 0});
      print_speed(results_.busy.back());
    }
  }

  void layers() {
    results_.layers = layer_times(options_.quick ? 0.01 : 0.06);
    print_layers("layers", results_.layers, peak_of(1));
  }

  void operations() {
    results_.operations = operation_times(options_.quick ? 0.01 : 0.06);
    print_layers("operations", results_.operations, peak_of(1));
  }

  void ways() {
    results_.ways = way_times(options_.quick ? 0.01 : 0.06);
    print_ways(results_.ways);
  }

  void why() {
    results_.reasons = reasons(effort_);
    print_reasons(results_.reasons);
  }

  void distort() {
    results_.distortions = distortion_times(effort_);
    for (const char* network : {"fcn", "st-fcn", "cnn"})
      results_.learners.push_back(
          {network,
           counts_.back() * 1e6 / training_rate(network, 64, counts_.back(), effort_).median});
    print_distortions(results_.distortions, results_.learners);
  }

  void widths() {
    std::printf(
        "\ntraining, every width of the tutorial network times 1, 2, 4, batch 64, %d threads\n",
        counts_.back());
    for (int factor : {1, 2, 4}) {
      const std::string net = factor == 1 ? "tutorial" : cat("tutorial-x", factor);
      const Speed s =
          speed(net, 64, counts_.back(), training_rate(net, 64, counts_.back(), effort_));
      results_.widths.push_back({factor, training_flop(net) / 1e6, s});
      print_width(results_.widths.back());
    }
  }

  Large large(const LargeNetwork& which, const std::string& self) {
    const std::string network = which.network;
    Large out;
    out.section = which.section;
    out.parameters = static_cast<long>(make_bench_network(network)->parameter_count());
    print_title(cat("training, ", which.title, ", ", out.parameters, " parameters"),
                training_flop(network));
    const Effort effort{effort_.repeats, effort_.seconds * 2};
    for (int n : counts_) {
      out.train.push_back(speed(network, 64, n, training_rate(network, 64, n, effort)));
      print_speed(out.train.back());
    }
    std::printf("  evaluation\n");
    for (int n : counts_) {
      out.eval.push_back({256, n, evaluation_rate(network, 256, n, effort), 0});
      print_speed(out.eval.back());
    }
    out.peak_rss_mb = step_memory_mb(self, network);
    std::printf("  peak memory of training: %.0f MB\n", out.peak_rss_mb);
    return out;
  }

  void memory(const std::string& self) {
    results_.allocations_per_step = allocations_per_step("tutorial", 64, counts_.back());
    results_.peak_rss_mb = training_memory_mb(self);
    std::printf("\nallocations in a steady-state step: %g\n", results_.allocations_per_step);
    std::printf("peak memory, training on 60,000 + 10,000 images as MNIST's: %.0f MB\n",
                results_.peak_rss_mb);
  }

  Options options_;
  std::vector<int> counts_;
  Effort effort_;
  Results results_;
};

int run(int argc, char** argv) {
  Options options;
  const std::optional<int> code = parse_options(
      "bench", "Measures training and evaluation speed, layer by layer, and memory.", argc, argv,
      [&options](Command& command) {
        command.option("--json", options.json, "write all figures to FILE too", "FILE")
            .option("--threads", options.threads, "measure 1 to N threads (0: all CPUs)", "N")
            .range(0, 256)
            .option("--batch", options.batch, "train at this batch size only (0: 16 to 1024)", "N")
            .range(0, 1 << 16)
            .option("--only", options.only, "measure these parts only", "PART")
            .one_of(sections())
            .flag("--quick", options.quick, "a rough look, in a tenth of the time")
            .group("")  // not in the help
            .option("--probe", options.probe, "", "NAME");
      });
  if (code) return *code;
  if (!options.probe.empty()) return run_probe(options.probe);

  if (std::count(options.only.begin(), options.only.end(), "ranks")) {
    require_usage(options.only.size() == 1 && options.json.empty(),
                  "--only ranks goes alone and without --json: every rank runs it");
    return run_ranks(options.quick);
  }
  if (!options.json.empty()) require_replaceable(options.json, json_mark, {});
  const Results results = Bench(options).run("/proc/self/exe");
  if (!options.json.empty()) write_json(options.json, results);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  return fovea::run_program("bench", argc, argv, run, fovea::failing_rank);
}
