// Distorted digits and sweeps on the command line.
#include "data/image.h"
#include "tests/program.h"

using namespace fovea;
using namespace fovea::testing;

TEST_CASE("--distort: sheets, training, tests that know what they were trained for, and misuse",
          "[cli][distort]") {
  if (!program_built()) return;
  const TempDir dir;
  const ProgramOutcome made = run_shell(dir, R"sh(
    D='--synthetic --test-limit 60'
    for d in R RTS P E TC addition all; do "$P" visualize $D --distort $d -n 4 -o $d.png || exit 9; done
    "$P" train $D --train-limit 200 --distort RTS --validation 40 --epochs 1 --quiet --out run || exit 8
    "$P" eval $D -w run/best.safetensors; echo "eval: $?"
    "$P" eval $D -w run/best.safetensors --draws 3; echo "draws: $?"
    "$P" eval $D -w run/best.safetensors --distort none; echo "none: $?"
    "$P" visualize $D -w run/best.safetensors -n 4 -o seen.png; echo "seen: $?"
    "$P" predict RTS.png -v -w run/best.safetensors; echo "predict: $?"
    "$P" predict RTS.png -v --distort R; echo "distorted: $?"
    "$P" eval $D -w run/best.safetensors --sweep rotation --control run/last.safetensors; echo "sweep: $?"
    grep -c '<svg' sweep-rotation.svg)sh");
  INFO(made.out << made.err);
  CHECK(made.code == 0);
  for (const char* text : {"eval: 0", "synthetic digits RTS, 60 test images", "draws: 0",
                           "Error of 3 draws: ", "none: 1", "seen: 0", "predict: 0", "distorted: 0",
                           "sweep: 0", "tutorial (control)", "-90.0\t", "90.0\t"})
    CHECK_THAT(made.out, contains(text));
  CHECK_THAT(made.err, contains("the model takes images [1, 42, 42], but"));
  CHECK_THAT(made.err, contains("distorted by R"));
  for (const char* name : {"R", "RTS", "P", "E", "TC", "addition"})
    CHECK(read_image(dir.file(std::string(name) + ".png")).width > 100);
  CHECK(read_image(dir.file("all.png")).height > 5 * read_image(dir.file("R.png")).height);

  const auto misuse = [&](const char* arguments, const char* text) {
    const ProgramOutcome outcome = run_program(dir, arguments);
    INFO(arguments << ": " << outcome.err);
    CHECK(outcome.code == 2);
    CHECK_THAT(outcome.err, contains(text));
  };
  misuse("train --synthetic --distort RST", "did you mean RTS?");
  misuse("eval --synthetic -w run/best.safetensors --distort rts",
         "--distort 'rts' does not exist");
  misuse("visualize --synthetic --distort x", "--distort 'x' does not exist");
  misuse("visualize --synthetic --distort all -w run/best.safetensors", "takes one of them");
  misuse("predict RTS.png --distort ad", "--distort 'ad' does not exist");
  misuse("eval --synthetic -w run/best.safetensors --distort none --draws 2", "--draws");
  misuse("eval --synthetic -w run/best.safetensors --sweep rotate", "did you mean rotation?");
  misuse("eval --synthetic -w run/best.safetensors --chart a.svg", "name one with --sweep");
  misuse("eval --synthetic -w run/best.safetensors --sweep shift --draws 2",
         "--sweep moves images");
  misuse("train --synthetic --early-stop 2", "with --validation N");
}
