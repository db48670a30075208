// The program as its users run it: exit codes, messages, signals, pipes.
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "tests/child_process.h"
#include "tests/train_helpers.h"

using namespace fovea::testing;

namespace {

std::string program() {
  const char* path = std::getenv("FOVEA_PROGRAM");
  return path ? path : "build/mnist_stn";
}

bool program_missing() {
  if (std::filesystem::exists(program())) return false;
  WARN(program() << " is not built, so its command line is not tested");
  return true;
}

struct Outcome {
  int code;
  std::string out, err;
};

// Runs a shell command in which $P is the program; stdout and stderr are files in `dir`.
Outcome run_shell(const TempDir& dir, const std::string& command) {
  const std::string full = "P='" + std::filesystem::absolute(program()).string() + "'; cd '" +
                           dir.path() + "'; { " + command + "\n} >out.txt 2>err.txt";
  const int status = std::system(("bash -c \"" + full + "\"").c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          bytes_of_file(dir.file("out.txt")), bytes_of_file(dir.file("err.txt"))};
}

const std::string little =
    " train --synthetic --train-limit 400 --test-limit 100 --batch 32 --epochs 2 ";

}  // namespace

TEST_CASE("fault 59: the command line's errors name what is wrong", "[cli]") {
  if (program_missing()) return;
  const TempDir dir;
  const std::pair<const char*, const char*> cases[] = {
      {"train --epochs 1e", "--epochs = 1e"},
      {"train --batch 64x", "--batch = 64x"},
      {"train --lr ''", "--lr: is empty"},
      {"train --epoch 3", "no option --epoch; did you mean --epochs?"},
      {"trian", "no command 'trian'; did you mean train?"},
      {"", "a command is missing"},
      {"eval", "--weights is required"},
      {"train --batch 0", "--batch takes 1 to"},
      {"train --threads -1", "--threads takes 0 to 256"},
      {"train --lr nan", "--lr takes a number"},
      {"train --optimizer adan", "did you mean adam?"},
      {"train surplus", "unexpected argument 'surplus'"},
  };
  for (const auto& [arguments, message] : cases) {
    const Outcome outcome = run_shell(dir, std::string("\\$P ") + arguments);
    INFO(arguments << ": " << outcome.err);
    CHECK(outcome.code == 2);
    CHECK_THAT(outcome.err, contains(message));
    CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1);
  }
}

TEST_CASE("help, version, summary", "[cli]") {
  if (program_missing()) return;
  const TempDir dir;
  CHECK_THAT(run_shell(dir, "\\$P --version").out, contains("mnist_stn, Fovea"));
  CHECK_THAT(run_shell(dir, "\\$P train --help").out, contains("--lr-loc-scale X=1"));
  CHECK_THAT(run_shell(dir, "\\$P summary").out, contains("27,360"));
}

TEST_CASE("train, then eval: the same figures", "[cli]") {
  if (program_missing()) return;
  const TempDir dir;
  dir.write("my.toml", "epochs = 1\nlog-every = 4\n");
  const Outcome train = run_shell(dir, "\\$P" + little + "--out run");
  INFO(train.err);
  REQUIRE(train.code == 0);
  CHECK_THAT(train.out, contains("Train Epoch: 1 [0/400 (0%)]\tLoss: "));
  const Outcome eval =
      run_shell(dir, "\\$P eval --synthetic --test-limit 100 --weights run/last.safetensors");
  const std::string line = eval.out.substr(eval.out.find("Test set:"));
  CHECK_THAT(train.out, contains(line));
  CHECK(run_shell(dir, "\\$P" + little + "--out run").code == 1);
  const Outcome config = run_shell(dir,
                                   "\\$P train --config my.toml --synthetic --train-limit 400 "
                                   "--test-limit 100");
  CHECK_THAT(config.out, contains("1 epoch,"));
  CHECK_THAT(config.out, contains("Train Epoch: 1 [256/400 (57%)]"));
}

TEST_CASE("faults 39, 54, 55: signals and a closed pipe, then resumed to the same bits", "[cli]") {
  if (program_missing()) return;
  const TempDir dir;
  const std::string longer =
      "\\$P train --synthetic --train-limit 6400 --test-limit 100 --epochs 4 --checkpoint-every 7 ";
  REQUIRE(run_shell(dir, longer + "--out whole").code == 0);
  const std::string weights = bytes_of_file(dir.file("whole/last.safetensors"));
  const std::pair<const char*, int> signals[] = {{"INT", 130}, {"TERM", 143}, {"KILL", 137}};
  for (const auto& [name, code] : signals) {
    const std::string run = name;
    // Waits for the first checkpoint: then the loop is running.
    const Outcome outcome =
        run_shell(dir, longer + "--out " + run + " & for i in {1..400}; do compgen -G '" + run +
                           "/checkpoint-*' >/dev/null && break; sleep 0.01; done; kill -" + run +
                           " \\$!; wait \\$!");
    INFO(outcome.err);
    CHECK(outcome.code == code);
    CHECK(run_shell(dir, "\\$P train --quiet --resume " + run).code == 0);
    CHECK((bytes_of_file(dir.file(run + "/last.safetensors")) == weights));
  }
  const Outcome piped =
      run_shell(dir, longer + "--log-every 1 --out pipe | head -40; exit \\${PIPESTATUS[0]}");
  CHECK(piped.code == 141);
  CHECK(run_shell(dir, "\\$P train --quiet --resume pipe").code == 0);
  CHECK((bytes_of_file(dir.file("pipe/last.safetensors")) == weights));
}
