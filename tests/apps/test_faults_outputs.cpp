// What the outputs of commands may write over, and what happens when standard output fails.
#include <filesystem>

#include "apps/networks/model.h"
#include "apps/run/files.h"
#include "apps/shell/outputs.h"
#include "data/image.h"
#include "tests/program.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

namespace fs = std::filesystem;

const std::string little =
    "\"$P\" train --synthetic --train-limit 400 --test-limit 100 --batch 32 --epochs 1 --quiet ";

Image grey_picture() {
  return {28, 28, 1, std::vector<std::uint8_t>(28 * 28, 200)};
}

// Every file below `dir` with its content, but for those that running a script leaves.
std::map<std::string, std::string> content(const TempDir& dir) {
  std::map<std::string, std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(dir.path()))
    if (entry.is_regular_file() && !entry.path().filename().string().starts_with("."))
      out[entry.path().string()] = bytes_of_file(entry.path().string());
  return out;
}

void save_tutorial(const std::string& path) {
  save_model(path, make_model(describe_model("tutorial", {1, 28, 28},
                                             {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}),
                              1));
}

}  // namespace

TEST_CASE("what may be written over is told by its content", "[faults]") {
  const TempDir dir;
  CHECK(is_replaceable(dir.file("absent"), file_marks::png));
  CHECK(is_replaceable(dir.write("empty", ""), file_marks::png));
  CHECK(is_replaceable(dir.write("zeros", std::string(100, '\0')), file_marks::png));
  CHECK(is_replaceable(dir.write("zeros", std::string(5000, '\0')), file_marks::png));
  // A disk image begins so, too.
  CHECK_FALSE(is_replaceable(dir.write("disk", std::string(5000, '\0') + "x"), file_marks::png));
  CHECK_FALSE(is_replaceable(dir.write("text", "mine"), file_marks::png));
  CHECK_FALSE(is_replaceable(dir.path(), file_marks::png));
  write_png(dir.file("ours.png"), grey_picture());
  CHECK(is_replaceable(dir.file("ours.png"), file_marks::png));
  CHECK_FALSE(is_replaceable(dir.file("ours.png"), file_marks::safetensors));
  CHECK(read_image(dir.file("ours.png")).pixels == grey_picture().pixels);
  save_tutorial(dir.file("w"));
  CHECK(is_replaceable(dir.file("w"), file_marks::safetensors));
  fs::create_symlink("text", dir.file("link"));
  CHECK_FALSE(is_replaceable(dir.file("link"), file_marks::png));
  CHECK(is_same_file(dir.file("link"),
                     dir.path() + "/../" + fs::path(dir.path()).filename().string() + "/./text"));
}

TEST_CASE("two outputs are one file, also through links to nothing", "[faults]") {
  using fovea::is_same_target;
  const TempDir dir;
  std::filesystem::create_symlink("b", dir.file("a"));
  std::filesystem::create_symlink("a", dir.file("link"));
  CHECK(is_same_target(dir.file("link"), dir.file("b")));
  CHECK(is_same_target(dir.file("b"), dir.path() + "/./b"));
  CHECK_FALSE(is_same_target(dir.file("c"), dir.file("b")));
}

TEST_CASE("outputs never write over inputs or files of others", "[faults]") {
  if (!program_built()) return;
  const TempDir dir;
  save_tutorial(dir.file("w.safetensors"));
  write_png(dir.file("pics/a.png"), grey_picture());
  write_png(dir.file("pics/b.png"), grey_picture());
  dir.write("mine/a.png", "a stranger's");
  dir.write("notes.onnx", "a stranger's");
  fs::create_symlink("w.safetensors", dir.file("link.onnx"));
  fs::create_hard_link(dir.file("w.safetensors"), dir.file("hard.safetensors"));
  fs::create_symlink("pics", dir.file("same"));
  const auto before = content(dir);
  const std::string w = "--weights w.safetensors ";
  const std::string cases[] = {
      "predict " + w + "--save pics pics",
      "predict " + w + "--save ./pics/../pics pics/b.png",
      "predict " + w + "--save same pics/a.png",
      "predict " + w + "--save mine pics/b.png pics/a.png",
      "export " + w + "--onnx w.safetensors",
      "export " + w + "--onnx ./w.safetensors",
      "export " + w + "--onnx link.onnx",
      "export " + w + "--onnx notes.onnx",
      "export " + w + "--onnx new.onnx --samples hard.safetensors",
      "export " + w + "--onnx new.onnx --samples notes.onnx",
      "visualize --synthetic " + w + "--out w.safetensors",
      "visualize --synthetic " + w + "--out mine/a.png",
      "visualize --data pics " + w + "--out same/a.png",
      "eval --synthetic --sweep scale " + w + "--chart w.safetensors",
      "eval --synthetic --sweep scale " + w + "--control hard.safetensors --chart link.onnx",
      "eval --synthetic --sweep scale " + w + "--chart notes.onnx",
  };
  for (const std::string& arguments : cases) {
    const ProgramOutcome outcome = run_program(dir, arguments);
    INFO(arguments << ": " << outcome.err);
    CHECK(outcome.code == 1);
    CHECK(outcome.out == "");
    CHECK_THAT(outcome.err,
               contains("would be overwritten") || contains("not made by this program"));
    CHECK((content(dir) == before));
  }
  CHECK(run_program(dir, "export " + w + "--onnx n.onnx --samples ./n.onnx").code == 2);
  const std::string beside = fs::path(program_path()).parent_path().string();
  for (const std::string command :
       {"FOVEA_GRAPH=notes.onnx \"$P\" train --synthetic --train-limit 64 --test-limit 9 --epochs "
        "1",
        "/bench' --quick --only start --threads 1 --json notes.onnx",
        "/bench' --quick --only start --threads 1 --json w.safetensors"}) {
    if (command[0] == '/' && !fs::exists(beside + "/bench")) continue;
    const ProgramOutcome outcome =
        run_shell(dir, command[0] == '/' ? "'" + beside + command : command);
    INFO(command << ": " << outcome.err);
    CHECK(outcome.code == 1);
    CHECK_THAT(outcome.err, contains("is there already"));
    CHECK((content(dir) == before));
  }
  // What the program made itself, it makes again.
  for (int i = 0; i < 2; ++i) {
    CHECK(run_program(dir, "predict " + w + "--save seen pics").code == 0);
    CHECK(run_program(dir, "export " + w + "--onnx n.onnx --samples s.safetensors").code == 0);
    CHECK(run_program(dir, "visualize --synthetic " + w + "--out v.png").code == 0);
  }
}

TEST_CASE("train never writes over files of others, whatever they are called", "[faults]") {
  if (!program_built()) return;
  for (const char* name :
       {"log.csv", "log.jsonl", "best.safetensors", "last.safetensors", "config.json",
        "confusion.json", "report.html", "loss.svg", "before-after.png", "training.gif",
        "frames/theta.jsonl", "checkpoint-7.safetensors", ".lock"})
    for (const char* how : {"plain", "symlink", "hard link"}) {
      const TempDir dir;
      const std::string text = "{\"a\": \"stranger's\"}\n";
      const std::string precious = dir.write("precious", text);
      const std::string path = dir.file(std::string("run/") + name);
      if (how == std::string("plain")) dir.write(std::string("run/") + name, text);
      if (how == std::string("symlink")) fs::create_symlink(precious, path);
      if (how == std::string("hard link")) fs::create_hard_link(precious, path);
      for (const char* more : {"--out run", "--out ./run/../run --overwrite"}) {
        const ProgramOutcome outcome = run_shell(dir, little + more);
        INFO(name << ", " << how << ", " << more << ": " << outcome.err);
        CHECK(outcome.code == 1);
        CHECK_THAT(outcome.err, contains(fs::path(name).filename().string()));
        CHECK(bytes_of_file(path) == text);
        CHECK(bytes_of_file(precious) == text);
      }
    }
}

TEST_CASE("--overwrite deletes nothing before all is there, and never what is not ours",
          "[faults]") {
  if (!program_built()) return;
  const TempDir dir;
  REQUIRE(run_shell(dir, little + "--tensorboard --out run").code == 0);
  dir.write("run/events.out.tfevents.1.host", "a stranger's");
  dir.write("run/notes.txt", "mine");
  const auto before = content(dir);
  CHECK(run_shell(dir, little + "--out run").code == 1);
  const std::string overwrite = "--out run --overwrite";
  for (const std::string& arguments :
       {"--data /nonexistent " + overwrite, "--model tutoral " + overwrite,
        "--init absent " + overwrite, "--model-option conv1=0 " + overwrite,
        "--batch 0 " + overwrite, "--lr nan " + overwrite, "--fill x " + overwrite}) {
    const bool data = arguments.starts_with("--data");
    const ProgramOutcome outcome =
        run_shell(dir, data ? "\"$P\" train " + arguments : little + arguments);
    INFO(arguments << ": " << outcome.err);
    CHECK(outcome.code != 0);
    CHECK((content(dir) == before));
  }
  REQUIRE(run_shell(dir, little + overwrite).code == 0);
  CHECK(bytes_of_file(dir.file("run/events.out.tfevents.1.host")) == "a stranger's");
  CHECK(bytes_of_file(dir.file("run/notes.txt")) == "mine");
  CHECK(run_files::event_files(dir.file("run")).empty());
}

TEST_CASE("every signal that asks to stop saves first", "[faults]") {
  if (!program_built()) return;
  const TempDir dir;
  const std::string longer =
      "\"$P\" train --synthetic --train-limit 6400 --test-limit 100 --epochs 4 "
      "--checkpoint-every 7 ";
  REQUIRE(run_shell(dir, longer + "--out whole").code == 0);
  const std::string weights = bytes_of_file(dir.file("whole/last.safetensors"));
  for (const auto& [signals, code] : {std::pair("HUP", 129), {"QUIT", 131}, {"HUP HUP", 129}}) {
    const std::string run =
        std::string("run") + signals[0] + std::to_string(std::string(signals).size());
    const ProgramOutcome outcome = run_shell(
        dir, longer + "--out " + run + " >/dev/null & for i in {1..400}; do compgen -G '" + run +
                 "/checkpoint-*' >/dev/null && break; sleep 0.01; done; for s in " + signals +
                 "; do kill -$s $!; done; wait $!");
    INFO(signals << ": " << outcome.err);
    CHECK(outcome.code == code);
    CHECK_THAT(outcome.err, contains("train --resume"));
    CHECK(run_shell(dir, "\"$P\" train --quiet --resume " + run).code == 0);
    CHECK((bytes_of_file(dir.file(run + "/last.safetensors")) == weights));
  }
  const ProgramOutcome outlives = run_shell(
      dir, "nohup " + longer +
               "--out nohup >/dev/null 2>&1 & for i in {1..400}; do compgen -G "
               "'nohup/checkpoint-*' >/dev/null && break; sleep 0.01; done; kill -HUP $!; wait $!");
  CHECK(outlives.code == 0);
}
