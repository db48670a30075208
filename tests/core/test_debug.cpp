// The switches of core/debug.h that a program reads when it starts: what they say of a training
// step.
#include "tests/catch.h"
#include "tests/program.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

// A step of 64 images, four tiles, with a variable set.
ProgramOutcome run_step(const TempDir& dir, const std::string& variable, const std::string& out) {
  return run_shell(dir, variable +
                            " \"$P\" train --synthetic --train-limit 64 --test-limit 9 --epochs 1 "
                            "--batch 64 --quiet --out " +
                            out);
}

long count(const std::string& text, const std::string& what) {
  long found = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != text.npos; at += what.size()) ++found;
  return found;
}

}  // namespace

TEST_CASE("FOVEA_PROFILE counts every operation of every tile", "[debug]") {
  if (!program_built()) return;
  const TempDir dir;
  const ProgramOutcome outcome = run_step(dir, "FOVEA_PROFILE=1", "run");
  INFO(outcome.err);
  CHECK(outcome.code == 0);
  for (const char* op :
       {"spatial_transform backward", "log_softmax backward", "nll_loss backward"}) {
    const std::size_t at = outcome.err.find(op);
    REQUIRE(at != outcome.err.npos);
    CHECK(std::stol(outcome.err.substr(at + std::string(op).size())) == 4);
  }
}

TEST_CASE("FOVEA_GRAPH draws the first backward pass", "[debug]") {
  if (!program_built()) return;
  const TempDir dir;
  const ProgramOutcome outcome = run_step(dir, "FOVEA_GRAPH=step.dot", "run");
  INFO(outcome.err);
  CHECK(outcome.code == 0);
  const std::string graph = bytes_of_file(dir.file("step.dot"));
  INFO(graph);
  CHECK(graph.starts_with("digraph fovea {\n"));
  CHECK(graph.ends_with(";\n}\n"));
  CHECK(count(graph, "[label=\"spatial_transform\"]") == 1);
  CHECK(count(graph, "[label=\"shared [") == 16);  // the parameters of the tutorial's network

  const ProgramOutcome full = run_step(dir, "FOVEA_GRAPH=none/step.dot", "run2");
  CHECK(full.code == 1);
  CHECK_THAT(full.err, contains("none/step.dot: "));
}
