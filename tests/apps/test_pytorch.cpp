// Weights to and from PyTorch: a file that PyTorch wrote, and, where there is a Python with torch
// and safetensors, the README's section word for word.
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "apps/networks/inspect.h"
#include "apps/networks/model.h"
#include "tests/program.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

const std::string fixture = "tests/golden/pytorch.safetensors";

std::string python_with_torch(const TempDir& dir) {
  const char* named = std::getenv("PYTHON");
  for (const std::string python : {named ? named : "", "python3", "/opt/venv/bin/python"})
    if (!python.empty() &&
        run_shell(dir, "'" + python + "' -c 'import torch, safetensors'").code == 0)
      return python;
  return "";
}

// Image n of tests/golden/pytorch.py.
void append_image(std::vector<std::uint8_t>& pixels, int n) {
  for (int y = 0; y < 28; ++y)
    for (int x = 0; x < 28; ++x) pixels.push_back(static_cast<std::uint8_t>(x * (n + 3) + y * y));
}

}  // namespace

TEST_CASE("a state_dict that PyTorch saved computes the same here", "[pytorch]") {
  const Model model = load_model(fixture);
  CHECK(model.info.input == Shape{1, 28, 28});
  CHECK(model.info.options.integer("fc") == 4);
  CHECK(model.info.options.number("fill") == 0);
  const auto expected = nlohmann::json::parse(std::ifstream("tests/golden/pytorch.json"));
  std::vector<std::uint8_t> pixels;
  for (int n = 0; n < 3; ++n) append_image(pixels, n);
  const std::vector<Inspection> seen = inspect(model, pixels);
  for (std::size_t n = 0; n < 3; ++n) {
    for (std::size_t k = 0; k < 6; ++k)
      CHECK(static_cast<double>(seen[n].thetas.at(0)[k]) ==
            Approx(expected.at("theta")[n][k].get<double>()).margin(1e-5));
    for (std::size_t c = 0; c < 10; ++c)
      CHECK(std::log(seen[n].probabilities[c]) ==
            Approx(expected.at("log_probs")[n][c].get<double>()).margin(1e-4));
  }
}

TEST_CASE("what is saved here has PyTorch's names, shapes and values", "[pytorch]") {
  const TempDir dir;
  save_model(dir.file("here.safetensors"), load_model(fixture));
  const SafeTensors there = read_safetensors(fixture);
  const SafeTensors here = read_safetensors(dir.file("here.safetensors"));
  REQUIRE(here.tensors.size() == there.tensors.size());
  REQUIRE(there.tensors.size() == 16);
  for (const auto& [name, tensor] : there.tensors) {
    INFO(name);
    REQUIRE(here.find(name));
    CHECK(here.find(name)->shape == tensor.shape);
    CHECK(here.find(name)->values == tensor.values);
  }
}

TEST_CASE("the README's way to and from PyTorch", "[pytorch]") {
  if (!program_built()) return;
  const TempDir dir;
  const std::string python = python_with_torch(dir);
  if (python.empty()) {
    WARN("skipped: no Python with torch and safetensors (PYTHON=...)");
    return;
  }
  const std::string script = std::filesystem::absolute("tests/golden/pytorch.py").string();
  const ProgramOutcome outcome =
      run_shell(dir, "mkdir work && '" + python + "' '" + script + "' \"$P\" work");
  INFO(outcome.out << outcome.err);
  CHECK(outcome.code == 0);
  CHECK_THAT(outcome.out, contains("stn.safetensors: log-prob") &&
                              contains("runs/first/best.safetensors: log-prob"));
}
