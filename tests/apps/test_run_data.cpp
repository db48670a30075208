// A run finds its data again: resumed, evaluated or pictured from wherever.
#include <filesystem>

#include "apps/run/files.h"
#include "tests/dataset_helpers.h"
#include "tests/digits.h"
#include "tests/program.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

// 28x28 images of a pattern that `step` tells.
void write_digits(const std::string& folder, unsigned step) {
  const auto write = [&](const std::string& name, const std::string& bytes) {
    std::filesystem::create_directories(folder);
    std::ofstream(folder + "/" + name, std::ios::binary) << bytes;
  };
  for (const char* part : {"train", "t10k"}) {
    write(cat(part, "-images-idx3-ubyte"), idx_file(0x803, {64, 28, 28}, pattern(64 * 784, step)));
    write(cat(part, "-labels-idx1-ubyte"), idx_file(0x801, {64}, label_pattern(64)));
  }
}

// Three steps of two epochs: a checkpoint at the first.
constexpr const char* train_one =
    "\"$P\" train --optimizer sgd --batch 32 --epochs 1 --quiet --out run ";
constexpr const char* resume_elsewhere =
    "mkdir -p away; cd away; \"$P\" train --resume ../run --epochs 2 --quiet ";

}  // namespace

TEST_CASE("--resume finds the data again that $FOVEA_DATA named", "[faults][run_data]") {
  if (!program_built()) return;
  const TempDir dir;
  write_digits(dir.file("mine"), 7);
  write_digits(dir.file("other"), 11);
  const char* named[] = {"FOVEA_DATA=mine ", "FOVEA_DATA=$PWD/mine ", ""};
  for (const char* environment : named) {
    INFO(environment);
    const std::string data = *environment ? "" : "--data mine";
    REQUIRE(run_shell(dir, cat("rm -rf run; ", environment, train_one, data)).code == 0);
    CHECK_THAT(bytes_of_file(dir.file("run/config.json")),
               contains(cat("\"directory\": \"", dir.file("mine"), "\"")));
    const auto resumed = run_shell(dir, cat("unset FOVEA_DATA; ", resume_elsewhere));
    CHECK(resumed.err == "");
    CHECK(resumed.code == 0);
    const auto again = run_shell(dir, cat("export FOVEA_DATA=$PWD/other; ", resume_elsewhere));
    CHECK(again.err == "");
    CHECK(again.code == 0);
  }
}

TEST_CASE("--resume says in one line which data is missing", "[faults][run_data]") {
  if (!program_built()) return;
  const TempDir dir;
  write_digits(dir.file("mine"), 7);
  write_digits(dir.file("other"), 11);
  REQUIRE(run_shell(dir, cat("FOVEA_DATA=mine ", train_one)).code == 0);
  std::filesystem::rename(dir.file("mine"), dir.file("moved"));
  const auto lost = run_shell(dir, cat("unset FOVEA_DATA; ", resume_elsewhere));
  CHECK(lost.code == 1);
  CHECK_THAT(lost.err, contains(dir.file("mine") + ": no such folder") && contains("--data DIR"));
  CHECK(std::count(lost.err.begin(), lost.err.end(), '\n') == 1);
  const auto other = run_shell(dir, cat("export FOVEA_DATA=$PWD/other; ", resume_elsewhere));
  CHECK(other.code == 1);
  CHECK_THAT(other.err, contains("the data of this run, " + dir.file("mine") + ", is not there") &&
                            contains("was trained on other images"));
  CHECK(run_shell(dir, cat("unset FOVEA_DATA; ", resume_elsewhere, " --data ../moved")).code == 0);
}

TEST_CASE("eval and visualize take the data of the weights' run", "[faults][run_data]") {
  if (!program_built()) return;
  const TempDir dir;
  write_digits(dir.file("mine"), 7);
  write_digits(dir.file("other"), 11);
  REQUIRE(run_shell(dir, cat(train_one, "--data mine")).code == 0);
  const std::string away = "mkdir -p away; cd away; export FOVEA_DATA=$PWD/../other; ";
  const auto line = [&](const std::string& arguments) {
    const auto outcome = run_shell(dir, cat(away, "\"$P\" ", arguments));
    INFO(outcome.err);
    CHECK(outcome.code == 0);
    return outcome.out;
  };
  CHECK_THAT(line("eval -w ../run/best.safetensors"),
             contains("mine, 64 test images, as in training"));
  CHECK_THAT(line("eval -w ../run/best.safetensors --json"), contains("\"data\":\"mine\""));
  CHECK_THAT(line("eval -w ../run/best.safetensors --sweep shift --chart s.svg"),
             contains("mine, 64 test images"));
  CHECK_THAT(line("eval -w ../run/best.safetensors --data ../other"),
             contains("other, 64 test images\n"));
  line("visualize -w ../run/best.safetensors -o run.png");
  line("visualize -w ../run/best.safetensors -o mine.png --data ../mine");
  CHECK((bytes_of_file(dir.file("away/run.png")) == bytes_of_file(dir.file("away/mine.png"))));
  // A stranger's config.json says nothing.
  for (const char* text : {"{\"data\":{\"directory\":\"/x\"}}", "[1]", "}",
                           "{\"fovea\":\"1\",\"data\":{\"directory\":3}}"}) {
    dir.write("run/config.json", text);
    CHECK_THAT(line("eval -w ../run/best.safetensors"), contains("other, 64 test images\n"));
  }
}
