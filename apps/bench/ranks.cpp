#include "apps/bench/ranks.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <optional>

#include "apps/bench/rig.h"
#include "apps/cluster/step_sum.h"
#include "apps/shell/console.h"
#include "core/workers.h"

namespace fovea::bench {

namespace {

using Clock = std::chrono::steady_clock;

// The middle one of five times that `call` takes, in seconds; the number of calls is rank 0's, so
// that all ranks make the same.
template <class Call>
double seconds_of(Ranks& ranks, double effort, const Call& call) {
  const auto time = [&](int calls) {
    const Clock::time_point start = Clock::now();
    for (int i = 0; i < calls; ++i) call();
    return std::chrono::duration<double>(Clock::now() - start).count() / calls;
  };
  time(3);
  const int calls = std::max(3, static_cast<int>(all_of(ranks, effort / time(3))[0]));
  double times[5];
  for (double& t : times) t = time(calls);
  std::sort(std::begin(times), std::end(times));
  return times[2];
}

// Steps of the ranks on a batch of `whole` images.
struct Steps {
  double seconds;  // a step
  StepTimes times;
};
Steps measure_steps(Ranks& ranks, const std::string& network, int whole, double effort) {
  const Share share = share_of(whole, ranks.rank(), ranks.size());
  Rig rig(network, std::max(1, share.size));
  rig.view.size = share.size;
  rig.view.first = share.first, rig.view.whole = whole;
  rig.view.tiles_a_task = share.tiles_a_task;
  const auto loss = [&](const Tile& t) { return nll_loss((*rig.net)(t.images), t.labels); };
  if (ranks.size() == 1) {
    const double seconds = seconds_of(ranks, effort, [&] { rig.step(); });
    return {seconds, {.steps = 1, .compute = seconds}};
  }
  StepSum sum(ranks, rig.net->parameters());
  barrier(ranks);
  sum.restart_clock();
  const double seconds = seconds_of(ranks, effort, [&] {
    const Batch& batch = rig.next();
    sum.sum(train_step_parts(batch, loss), batch, {});
    rig.optimizer.step();
  });
  return {seconds, sum.times()};
}

// One exchange of `bytes` with every other rank.
double measure_exchange(Ranks& ranks, std::size_t bytes, double effort) {
  std::vector<std::byte> out(bytes), in(bytes * static_cast<std::size_t>(ranks.size()));
  std::vector<std::span<const std::byte>> to;
  std::vector<std::span<std::byte>> from;
  for (int r = 0; r < ranks.size(); ++r) {
    const bool self = r == ranks.rank();
    to.push_back(std::span(out).first(self ? 0 : bytes));
    from.push_back(std::span(in).subspan(static_cast<std::size_t>(r) * bytes, self ? 0 : bytes));
  }
  return seconds_of(ranks, effort, [&] { ranks.exchange(to, from); });
}

// Two exchanges a step: every rank sends what its tasks found, each other rank its part, and then
// its part of the sum to all. Nothing overlaps with computing.
struct Network {
  double latency;      // seconds of an exchange of nothing
  double per_message;  // seconds more for each rank beyond the second
  double bandwidth;    // bytes a second, in and out of a rank
  double handling;     // bytes a second that a rank packs, adds up and unpacks

  // Its tasks packed, its part of all tasks added up, the whole sum unpacked.
  static double handled_bytes(int ranks, int whole, double gradient_bytes) {
    const int mine = share_of(whole, 0, ranks).tasks;
    int all = 0;
    for (int r = 0; r < ranks; ++r) all += share_of(whole, r, ranks).tasks;
    return (mine + static_cast<double>(all) / ranks + 1) * gradient_bytes;
  }
  double messages(int ranks, int whole, double gradient_bytes) const {
    const int tasks = share_of(whole, 0, ranks).tasks;
    const double bytes = (tasks + 1) * gradient_bytes * (ranks - 1) / ranks;
    return 2 * (latency + per_message * std::max(0, ranks - 2)) + bytes / bandwidth;
  }

  double step(int ranks, int whole, double gradient_bytes) const {
    return messages(ranks, whole, gradient_bytes) +
           handled_bytes(ranks, whole, gradient_bytes) / handling;
  }
};

double bytes_of(const std::string& network) {
  return static_cast<double>(make_bench_network(network)->parameter_count() * sizeof(Real));
}

void print_future(const char* what, double step_seconds, double gradient_bytes, int images,
                  const Network& here) {
  print(cat("\n", what, ", ", images,
            " images a rank and step: share of the time that is computing\n",
            "   ranks   1 Gbit/s  10 Gbit/s  100 Gbit/s\n"));
  for (const int n : {8, 64, 512}) {
    char line[100];
    int used = std::snprintf(line, sizeof line, "%8d", n);
    // Of TCP over Ethernet, and for the last one of RDMA: assumed, as there is no network here.
    struct Link {
      double gigabits, latency, per_message;
    };
    for (const Link& link : {Link{1, 50e-6, 5e-6}, {10, 25e-6, 3e-6}, {100, 5e-6, 1e-6}}) {
      const Network network{link.latency, link.per_message, link.gigabits * 1e9 / 8, here.handling};
      const double share =
          step_seconds / (step_seconds + network.step(n, images * n, gradient_bytes));
      used += std::snprintf(line + used, sizeof line - static_cast<std::size_t>(used), "%10.1f%%",
                            100 * share);
    }
    print(cat(line, "\n"));
  }
}

}  // namespace

int run_ranks(bool quick) {
  Ranks& job = ranks();
  if (job.rank() > 0) mute();
  job.begin();
  require(job.size() > 1,
          "ranks are measured in a job of several: make MPI=1 bench, then mpirun -n 2 "
          "--bind-to none build/bench --only ranks");
  const double effort = quick ? 0.05 : 0.3;
  const auto line = [](auto... values) {
    char text[160];
    std::snprintf(text, sizeof text, values...);
    print(text);
  };
  const int mine = default_threads(job);
  line("%d ranks of %d thread%s each\n\n", job.size(), mine, mine == 1 ? "" : "s");

  print(
      "tutorial network, one step:      batch   images/s   compute      wait  communication "
      "(ms)\n");
  double compute[2] = {}, found[2] = {};
  const int batches[] = {256, 1024};
  for (int i = 0; i < 2; ++i) {
    // As many threads as the ranks have together, in one process; the others sleep meanwhile.
    if (job.rank() == 0) {
      set_threads(mine * job.size());
      const Steps one = measure_steps(alone(), "tutorial", batches[i], effort);
      line("  one process, %2d threads %14d %10.0f %9.3f\n", mine * job.size(), batches[i],
           batches[i] / one.seconds, 1e3 * one.seconds);
    }
    barrier(job);
    set_threads(mine);
    const Steps all = measure_steps(job, "tutorial", batches[i], effort);
    const double scale = 1e3 / static_cast<double>(all.times.steps);
    line("  %2d ranks %29d %10.0f %9.3f %9.3f %9.3f\n", job.size(), batches[i],
         batches[i] / all.seconds, scale * all.times.compute, scale * all.times.wait,
         scale * all.times.communication);
    compute[i] = all.times.compute / static_cast<double>(all.times.steps);
    found[i] = all.times.communication / static_cast<double>(all.times.steps);
  }

  const std::size_t small = 64, large = 1 << 20;
  const double latency = measure_exchange(job, small, effort / 3);
  const int others = job.size() - 1;
  Network here{
      latency, latency / others,
      others * static_cast<double>(large) / (measure_exchange(job, large, effort) - latency), 1};
  const double gradients = bytes_of("tutorial");
  here.handling = Network::handled_bytes(job.size(), batches[0], gradients) /
                  std::max(1e-7, found[0] - here.messages(job.size(), batches[0], gradients));
  line("\nmessages here: %.1f us an exchange and %.2f GB/s in and out of a rank\n", 1e6 * latency,
       here.bandwidth / 1e9);
  for (const std::size_t bytes :
       {std::size_t{16} << 10, std::size_t{64} << 10, std::size_t{256} << 10})
    line("  %8zu bytes to each: %8.1f us, by these figures %8.1f us\n", bytes,
         1e6 * measure_exchange(job, bytes, effort / 3),
         1e6 * (latency + others * static_cast<double>(bytes) / here.bandwidth));
  line("packed, added up and unpacked: %.2f GB/s, so that a step of %d images takes as measured\n",
       here.handling / 1e9, batches[0]);
  line("  %.0f us; one of %d images, %.0f us by these figures, took %.0f us\n", 1e6 * found[0],
       batches[1], 1e6 * here.step(job.size(), batches[1], gradients), 1e6 * found[1]);

  // Of a rank with as many threads as those here. A step is a part that does not depend on the
  // number of images, and one that does.
  const double image = (compute[1] - compute[0]) * job.size() / (batches[1] - batches[0]);
  const double rest = std::max(0.0, compute[0] - image * batches[0] / job.size());
  print_future("tutorial network", rest + 256 * image, bytes_of("tutorial"), 256, here);
  print_future("tutorial network", rest + 4096 * image, bytes_of("tutorial"), 4096, here);
  const Steps wide = measure_steps(job, "cifar", 64, effort);
  const double parameters = 1e7, factor = parameters * sizeof(Real) / bytes_of("cifar");
  const double wide_image =
      wide.times.compute / static_cast<double>(wide.times.steps) * job.size() / 64;
  print_future("10,000,000 parameters, each as much work as one of `cifar`",
               256 * wide_image * factor, parameters * sizeof(Real), 256, here);
  job.end();
  return 0;
}

}  // namespace fovea::bench
