// Runs that hit a limit: of numbers, of memory, of a disk. They stop with one line, and what was
// saved before stays good.
#include <algorithm>
#include <cmath>
#include <fstream>

#include "apps/run/checkpoint.h"
#include "core/error.h"
#include "tests/digits.h"
#include "tests/program.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

// Lines of errors; warnings about the machine do not count.
std::vector<std::string> errors(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (!line.starts_with("warning: OpenBLAS")) out.push_back(line);
  return out;
}

const std::string little = "train --synthetic --train-limit 400 --test-limit 100 --quiet ";

// Small numbers times huge ones: the loss is an ordinary one, but what flows back is not.
void make_gradients_overflow(const Module& network) {
  for (const NamedTensor& p : network.named_parameters()) {
    const std::span<Real> values = p.tensor.values();
    if (p.name == "fc1.weight") std::fill(values.begin(), values.end(), Real(0));
    if (p.name == "fc1.bias") std::fill(values.begin(), values.end(), Real(1e-36));
    if (p.name == "conv2.bias") std::fill(values.begin(), values.end(), Real(1e6));
    if (p.name == "fc2.weight")
      for (std::size_t i = 0; i < values.size(); ++i) values[i] = Real(i < 250 ? 1e36 : -1e36);
  }
}

}  // namespace

TEST_CASE("fault 47: a gradient that is not finite stops training, although the loss is",
          "[limits]") {
  if (!program_built()) return;
  const TempDir dir;
  const Model model = untrained("tutorial");
  make_gradients_overflow(*model.network);
  save_model(dir.file("huge.safetensors"), model);
  for (const char* clipping : {"", "--clip-norm 1", "--clip-value 1"}) {
    const ProgramOutcome outcome =
        run_program(dir, little + "--init huge.safetensors --overwrite --out run " + clipping);
    INFO(clipping << outcome.err);
    CHECK(outcome.code == 1);
    REQUIRE(errors(outcome.err).size() == 1);
    CHECK_THAT(outcome.err, contains("training stopped before update 1: the gradient of fc1.weight "
                                     "is ") &&
                                contains("try a smaller --lr"));
    CHECK_FALSE(std::filesystem::exists(dir.path() + "/run/last.safetensors"));
  }
}

TEST_CASE("faults 46, 47: a run that diverges keeps its last good checkpoint", "[limits]") {
  if (!program_built()) return;
  const TempDir dir;
  const ProgramOutcome outcome = run_program(
      dir, little + "--optimizer sgd --lr 1e6 --checkpoint-every 1 --keep 100 --out run");
  INFO(outcome.err);
  CHECK(outcome.code == 1);
  REQUIRE(errors(outcome.err).size() == 1);
  CHECK_THAT(outcome.err, contains("training stopped before update "));
  const Checkpoint kept = read_newest_checkpoint(dir.path() + "/run");
  CHECK_THAT(outcome.err, contains(cat("before update ", kept.state.step + 1, ": ")));
  for (const auto& [name, tensor] : kept.tensors.tensors)
    CHECK(std::all_of(tensor.values.begin(), tensor.values.end(),
                      [](float value) { return std::isfinite(value); }));
}

TEST_CASE("fault 50: without memory every command ends with one line", "[limits]") {
  if (!program_built()) return;
  const TempDir dir;
  const std::string run = "\"$P\" " + little + "--epochs 2 --checkpoint-every 5 ";
  REQUIRE(run_shell(dir, run + "--out whole").code == 0);
  save_model(dir.file("w.safetensors"), untrained("tutorial-x4"));
  const std::string commands[] = {
      run + "--overwrite --out run",
      run + "--overwrite --out wide --model tutorial-x4 --batch 400",
      "\"$P\" eval --synthetic --weights w.safetensors",
      "\"$P\" visualize --synthetic --weights w.safetensors --count 1000",
  };
  // Below this the libraries themselves cannot be loaded, or OpenBLAS tries for ever.
  int least = 60;
  while (least < 1000 &&
         run_shell(dir, cat("ulimit -v ", 1024 * least, "; exec timeout 5 \"$P\" --version")).code)
    least += 15;
  int failed = 0;
  for (const std::string& command : commands)
    for (const int more : {0, 15, 35, 65, 105, 155}) {
      const int megabytes = least + more;
      const ProgramOutcome outcome =
          run_shell(dir, cat("ulimit -v ", 1024 * megabytes, "; exec timeout 300 ", command));
      INFO(megabytes << " MB, " << command << ": " << outcome.code << " " << outcome.err);
      failed += outcome.code != 0;
      // glibc itself gives up when a thread's first thread-local object finds no memory.
      if (outcome.code == 134) {
        CHECK_THAT(outcome.err, contains("glibc error") && contains("out of memory"));
        continue;
      }
      CHECK((outcome.code == 0 || outcome.code == 1));
      CHECK(errors(outcome.err).size() == (outcome.code == 0 ? 0 : 1));
      if (outcome.code == 1) CHECK_THAT(outcome.err, contains("mnist_stn: error: "));
      if (outcome.code == 1 && command == commands[0] &&
          std::filesystem::exists(dir.path() + "/run/checkpoint-5.safetensors")) {
        CHECK(run_program(dir, "train --quiet --resume run").code == 0);
        CHECK((bytes_of_file(dir.file("run/last.safetensors")) ==
               bytes_of_file(dir.file("whole/last.safetensors"))));
      }
    }
  CHECK(failed > 3);
}

TEST_CASE("fault 60: a log that finds no more room stops the run, and its checkpoint is good",
          "[limits]") {
  if (!program_built()) return;
  const TempDir dir;
  const std::string run = "\"$P\" " + little +
                          "--optimizer sgd --epochs 4 --batch 1 --log-every 1 "
                          "--checkpoint-every 50 ";
  REQUIRE(run_shell(dir, run + "--out whole").code == 0);
  REQUIRE(std::filesystem::file_size(dir.file("whole/log.jsonl")) > 128 * 1024);
  REQUIRE(std::filesystem::file_size(dir.file("whole/last.safetensors")) < 120 * 1024);
  // The limit on the size of a file stands for the disk: weights fit into it, the log does not.
  const ProgramOutcome full = run_shell(dir, "ulimit -f 128; " + run + "--out run");
  INFO(full.err);
  CHECK(full.code == 1);
  REQUIRE(errors(full.err).size() == 1);
  CHECK_THAT(full.err, contains("run/log.jsonl: ") && contains("--resume run"));
  CHECK(read_newest_checkpoint(dir.path() + "/run").state.step > 0);
  CHECK(run_program(dir, "train --quiet --resume run").code == 0);
  for (const char* name : {"last.safetensors", "best.safetensors", "confusion.json"}) {
    INFO(name);
    CHECK((bytes_of_file(dir.file(cat("run/", name))) ==
           bytes_of_file(dir.file(cat("whole/", name)))));
  }
}
