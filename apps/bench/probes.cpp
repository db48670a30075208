// What can only be measured on a process of its own: peak memory, and the way to the first step.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

#include "apps/bench/rig.h"
#include "apps/bench/timing.h"
#include "core/workers.h"
#include "data/loader.h"

namespace fovea::bench {

namespace {

constexpr std::string_view step_of = "step of ";

Dataset random_images(int count) {
  Dataset data;
  data.name = "random";
  data.image_shape = {1, 28, 28};
  data.pixels.resize(static_cast<std::size_t>(count) * 28 * 28);
  Random rng(3);
  for (std::size_t i = 0; i < data.pixels.size(); ++i)
    data.pixels[i] = static_cast<std::uint8_t>(mix(i) >> 56);
  data.labels.resize(count);
  for (int i = 0; i < count; ++i) data.labels[i] = i % 10;
  for (int i = 0; i < 10; ++i) data.class_names.push_back(std::to_string(i));
  data.mean = {0.5F};
  data.stddev = {0.3F};
  return data;
}

// An epoch of MNIST's size, shortened, with its test.
void train_like_mnist() {
  const Dataset train = random_images(60000), test = random_images(10000);
  Rig rig("tutorial", 64);
  Loader loader(train, {.batch = 64});
  int steps = 0;
  for (const Batch& batch : loader) {
    train_step(batch, [&](const Tile& t) { return nll_loss((*rig.net)(t.images), t.labels); });
    rig.optimizer.step();
    if (++steps == 300) break;
  }
  rig.net->eval();
  Loader tests(test, {.batch = 1000, .shuffle = false});
  for (const Batch& batch : tests)
    for_each_tile(batch, [&](const Tile& t) { (*rig.net)(t.images); });
}

double peak_rss_mb() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

// Runs `self --probe NAME` and returns what it printed.
double probe(const std::string& self, const std::string& name) {
  int ends[2];
  require(::pipe(ends) == 0, "bench: no pipe");
  const pid_t child = ::fork();
  require(child >= 0, "bench: cannot start a process");
  if (child == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    ::execl(self.c_str(), self.c_str(), "--probe", name.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  ::close(ends[1]);
  double value = -1;
  std::FILE* in = ::fdopen(ends[0], "r");
  const bool read = in && std::fscanf(in, "%lf", &value) == 1;
  if (in) std::fclose(in);
  int status = 0;
  ::waitpid(child, &status, 0);
  require(read && status == 0, "bench: the probe ", name, " failed");
  return value;
}

}  // namespace

int run_probe(const std::string& name) {
  if (name == "memory") {
    train_like_mnist();
    std::printf("%.1f\n", peak_rss_mb());
    return 0;
  }
  if (name.starts_with(step_of)) {
    Rig rig(name.substr(step_of.size()), 64);
    for (int i = 0; i < 10; ++i) rig.step();
    std::printf("%.1f\n", peak_rss_mb());
    return 0;
  }
  require(name == "start", "bench: no probe ", name);
  Rig rig("tutorial", 64);
  std::printf("%g\n", rig.step());
  return 0;
}

double training_memory_mb(const std::string& self) {
  return probe(self, "memory");
}

double step_memory_mb(const std::string& self, const std::string& network) {
  return probe(self, cat(step_of, network));
}

double first_step_ms(const std::string& self) {
  double best = 1e9;
  for (int i = 0; i < 3; ++i) {
    const double start = now();
    probe(self, "start");
    best = std::min(best, (now() - start) * 1e3);
  }
  return best;
}

}  // namespace fovea::bench
