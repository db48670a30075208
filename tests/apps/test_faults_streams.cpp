// Standard output that fails, and descriptors 0 to 2 that are closed: what was finished is kept.
#include <fcntl.h>
#include <stdlib.h>

#include <filesystem>

#include "apps/networks/model.h"
#include "core/error.h"
#include "data/image.h"
#include "tests/program.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

namespace fs = std::filesystem;

// A descriptor to which nothing can be written, for programs to inherit.
class BrokenOutput {
 public:
  explicit BrokenOutput(const std::string& kind) {
    if (kind == "full disk") fd_ = ::open("/dev/full", O_WRONLY);
    if (kind == "closed pipe") {
      int ends[2] = {-1, -1};
      REQUIRE(::pipe(ends) == 0);
      ::close(ends[0]);
      fd_ = ends[1];
    }
    if (kind == "dead terminal") {
      const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
      REQUIRE((::grantpt(terminal) == 0 && ::unlockpt(terminal) == 0));
      fd_ = ::open(::ptsname(terminal), O_RDWR | O_NOCTTY);
      ::close(terminal);
    }
    REQUIRE(fd_ >= 0);
  }
  ~BrokenOutput() { ::close(fd_); }
  BrokenOutput(const BrokenOutput&) = delete;
  BrokenOutput& operator=(const BrokenOutput&) = delete;
  std::string redirection() const { return cat(" >&", fd_); }

 private:
  int fd_ = -1;
};

const char* const kinds[] = {"full disk", "closed pipe", "dead terminal"};

// Shell commands for the programs beside $P: each writes `file` on its way.
struct Work {
  std::string command, file;
};

std::vector<Work> works() {
  std::vector<Work> all = {
      {"\"$P\" eval --synthetic --test-limit 200", ""},
      {"\"$P\" eval --synthetic --test-limit 50 --sweep rotation --chart x.svg", "x.svg"},
      {"\"$P\" predict --weights w.safetensors --save seen pics", "seen/b.png"},
      {"\"$P\" visualize --synthetic --weights w.safetensors --count 4 --out v.png", "v.png"},
      {"\"$P\" export --weights w.safetensors --onnx n.onnx", "n.onnx"},
      {"\"$P\" summary --weights w.safetensors", ""},
      {"\"$P\" help train", ""},
      {"\"$P\" --help", ""},
      {"\"$P\" --version", ""}};
  const std::string beside = fs::path(program_path()).parent_path().string();
  if (fs::exists(beside + "/bench"))
    all.push_back(
        {"'" + beside + "/bench' --quick --only start --threads 1 --json b.json", "b.json"});
  if (fs::exists(beside + "/stn_paper")) {
    all.push_back(
        {"touch none.jsonl && '" + beside + "/stn_paper' table --results none.jsonl", ""});
    all.push_back({"'" + beside + "/stn_paper' --help", ""});
    all.push_back({"'" + beside +
                       "/stn_paper' run --net cnn --set R --tag t --synthetic --epochs 1 "
                       "--train-limit 6000 --test-limit 50 --model-option budget=50 "
                       "--results cells.jsonl --runs cells --draws 1 --again",
                   "cells.jsonl"});
  }
  return all;
}

}  // namespace

TEST_CASE("standard output that fails costs nothing but what it was to show", "[faults]") {
  if (!program_built()) return;
  const TempDir dir;
  const std::string loud =
      "\"$P\" train --synthetic --train-limit 400 --test-limit 100 --epochs 2 --out ";
  REQUIRE(run_shell(dir, loud + "whole").code == 0);
  const std::string weights = bytes_of_file(dir.file("whole/last.safetensors"));
  const std::pair<const char*, const char*> cases[] = {{"full", " >/dev/full"},
                                                       {"closed", " >&-"},
                                                       {"all", " <&- >&- 2>&-"},
                                                       {"read", " 1</dev/null"}};
  for (const auto& [name, how] : cases) {
    const ProgramOutcome outcome = run_shell(dir, loud + name + how);
    INFO(name << ": " << outcome.err);
    CHECK(outcome.code == 1);
    CHECK((bytes_of_file(dir.file(std::string(name) + "/last.safetensors")) == weights));
    CHECK(fs::exists(dir.file(std::string(name) + "/report.html")));
    if (name == std::string("all")) continue;
    CHECK_THAT(outcome.err, contains("mnist_stn: error: standard output: cannot be written"));
    CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1);
    CHECK(!fs::exists(dir.file(std::string(name) + "/.lock")));
    CHECK(bytes_of_file(dir.file(std::string(name) + "/log.csv")).starts_with("kind,"));
  }
  for (const char* arguments : {"--help", "--version", "help train", "summary"})
    CHECK(run_program(dir, std::string(arguments) + " >/dev/full").code == 1);
}

TEST_CASE("every command finishes its work where standard output fails, and says so", "[faults]") {
  if (!program_built()) return;
  const TempDir dir;
  save_model(dir.file("w.safetensors"),
             make_model(describe_model("tutorial", {1, 28, 28},
                                       {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}),
                        1));
  for (const char* name : {"pics/a.png", "pics/b.png"})
    write_png(dir.file(name), {28, 28, 1, std::vector<std::uint8_t>(28 * 28, 200)});
  for (const Work& work : works())
    for (const char* kind : kinds) {
      // There a training stops and says how to go on; test_cli.cpp does so.
      if (kind == std::string("closed pipe") && work.file == "cells.jsonl") continue;
      const BrokenOutput output(kind);
      if (!work.file.empty()) fs::remove(dir.file(work.file));
      const ProgramOutcome outcome = run_shell(dir, work.command + output.redirection());
      INFO(work.command << ", " << kind << ": " << outcome.err);
      CHECK(outcome.code == 1);
      CHECK_THAT(outcome.err, contains(": error: standard output: cannot be written: "));
      std::istringstream lines(outcome.err);  // the doubts of predict are warnings
      int errors = 0;
      for (std::string line; std::getline(lines, line);) errors += !line.starts_with("warning: ");
      CHECK(errors == 1);
      if (!work.file.empty()) CHECK(fs::file_size(dir.file(work.file)) > 0);
    }
}
