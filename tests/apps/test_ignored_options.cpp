// An option that would change nothing beside the others is misuse: one line, exit 2.
#include <algorithm>
#include <cstring>
#include <sstream>

#include "tests/catch.h"
#include "tests/program.h"

using namespace fovea;
using namespace fovea::testing;

TEST_CASE("options that would be ignored are refused", "[cli][ignored]") {
  if (!program_built()) return;
  const TempDir dir;
  const std::pair<const char*, const char*> cases[] = {
      {"train --synthetic --gamma 0.5", "--gamma is an option of --schedule step, multi-step, "},
      {"train --synthetic --decay-every 3", "--decay-every"},
      {"train --synthetic --schedule step --decay-every 3 --min-lr 0.001", "not of step"},
      {"train --synthetic --schedule cosine --restart-every 5", "--restart-every"},
      {"train --synthetic --schedule cosine --restart-growth 2", "--restart-growth"},
      {"train --synthetic --patience 3", "--schedule plateau, not of one-cycle"},
      {"train --synthetic --cooldown 3", "--cooldown"},
      {"train --synthetic --threshold 0.1", "--threshold"},
      {"train --synthetic --optimizer sgd --no-cycle-momentum", "--cycle-momentum"},
      {"train --synthetic --optimizer sgd --betas 0.8 0.9", "--optimizer adam and adamw, not of"},
      {"train --synthetic --optimizer sgd --eps 0.1", "--eps"},
      {"train --synthetic --dampening 0", "--dampening"},
      {"train --synthetic --overwrite", "--out DIR"},
      {"train --synthetic --keep 3", "--out DIR"},
      {"train --synthetic --checkpoint-every 3", "--out DIR"},
      {"train --synthetic --tensorboard", "--out DIR"},
      {"train --synthetic --allow-non-finite", "--init FILE"},
      {"train --synthetic --skip-unreadable", "reads none"},
      {"train --synthetic --train-limit 64 --model tutorial-cnn --lr-loc-scale 0.5",
       "tutorial-cnn has none"},
      {"train --synthetic --train-limit 64 --model tutorial-cnn --warp-penalty 1", "has none"},
      {"train --synthetic --train-limit 64 --bending-penalty 1", "tps and flow"},
      {"train --resume . --overwrite", "leave one out"},
      {"eval --synthetic --data x", "exclude each other"},
      {"eval --synthetic --control x", "--sweep"},
      {"eval --synthetic --chart x.svg", "--sweep"},
      {"summary --weights w --model cifar", "leave --model and --classes out"},
      {"summary --weights w --model tutorial", "leave --model and --classes out"},
      {"summary --weights w --classes 10", "leave --model and --classes out"},
      {"summary --weights w --input 1 28 28", "leave --model-option and --input out"},
      {"summary --weights w --model-option fc=10", "leave --model-option and --input out"},
      {"predict --no-prepare --distort RTS x.png", "leave --no-prepare out"},
      {"visualize --synthetic --train --test-limit 5", "leave --test-limit out"},
      {"visualize --synthetic --distort RTS --wrong", "--weights"}};
  for (const auto& [arguments, expected] : cases) {
    const ProgramOutcome outcome = run_program(dir, arguments);
    INFO(arguments << "\n" << outcome.out << outcome.err);
    CHECK(outcome.code == 2);
    CHECK(outcome.out == "");
    CHECK_THAT(outcome.err, contains(expected));
    CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1);
  }
}

TEST_CASE("help calls the program as the user did", "[cli][ignored]") {
  if (!program_built()) return;
  const TempDir dir;
  std::filesystem::create_directory(dir.path() + "/build");
  std::filesystem::create_symlink(program_path(), dir.file("build/mnist_stn"));
  const ProgramOutcome help = run_shell(dir, "build/mnist_stn help train");
  CHECK_THAT(help.out, contains("Usage: build/mnist_stn train") &&
                           contains("\n  build/mnist_stn train --resume runs/first") &&
                           !contains("  mnist_stn"));
  std::istringstream lines(help.out);
  for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 88);
  CHECK_THAT(run_shell(dir, "build/mnist_stn evil").err, contains("(see build/mnist_stn --help)"));
}

TEST_CASE("misuse of the other programs is one line, too", "[cli][ignored]") {
  const TempDir dir;
  for (const char* command :
       {"stn_paper", "stn_paper help", "stn_paper run --nett cnn", "stn_paper plan --epochs many",
        "bench nonsense", "bench --batch x"}) {
    const std::string program(command, std::strcspn(command, " "));
    const std::string path = program_path().substr(0, program_path().rfind('/') + 1) + program;
    if (!std::filesystem::exists(path)) continue;
    const ProgramOutcome outcome =
        run_shell(dir, "'" + path + "'" + std::string(command + program.size()));
    INFO(command << "\n" << outcome.out << outcome.err);
    CHECK(outcome.code == 2);
    CHECK(outcome.out == "");
    CHECK_THAT(outcome.err, contains(program + ": error: ") && contains("--help)\n"));
    CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1);
  }
  // Nobody listens: one line of that, and not another of what is missing.
  const std::string paper = program_path().substr(0, program_path().rfind('/')) + "/stn_paper";
  if (!std::filesystem::exists(paper)) return;
  const ProgramOutcome closed = run_shell(dir, "'" + paper + "' table --results none.jsonl >&-");
  CHECK(closed.code == 1);
  CHECK(std::count(closed.err.begin(), closed.err.end(), '\n') == 1);
}
