// The program as its users run it: exit codes, messages, signals, pipes.
#include <sys/stat.h>

#include <algorithm>
#include <sstream>

#include "tests/program.h"

using namespace fovea::testing;

namespace {

const std::string little =
    " train --synthetic --train-limit 400 --test-limit 100 --batch 32 --epochs 2 ";

}  // namespace

TEST_CASE("fault 59: the command line's errors name what is wrong", "[cli]") {
  if (!program_built()) return;
  const TempDir dir;
  REQUIRE(::mkfifo(dir.file("pipe").c_str(), 0600) == 0);
  dir.write("config.json", "{\"options\": {}}");
  dir.write("section.toml", "[trian]\nepochs = 1\n");
  dir.write("names.toml", "ep\x1b[31mochs = 1\n");
  dir.write("flag.toml", "no-augment = twue\n");
  dir.write("number.toml", "quiet = 99999999999999999999\n");
  const std::pair<const char*, const char*> cases[] = {
      {"train --epochs 1e", "--epochs: a whole number is needed, got '1e'"},
      {"train --batch 64x", "--batch: a whole number is needed, got '64x'"},
      {"train --lr ''", "--lr: is empty"},
      {"train --epoch 3", "no option --epoch; did you mean --epochs?"},
      {"trian", "no command 'trian'; did you mean train?"},
      {"train --epochs 1.5", "--epochs: a whole number is needed, got '1.5'"},
      {"train --batch 0x10", "--batch: a whole number is needed, got '0x10'"},
      {"train --batch 1e3", "--batch: a whole number is needed, got '1e3'"},
      {"train --seed -1", "--seed: takes 0 to 18446744073709551615, got -1"},
      {"train --seed 18446744073709551616", "--seed: takes 0 to 18446744073709551615"},
      {"train --batch 4294967360", "--batch: 4294967360 is too large"},
      {"train --epochs=", "--epochs: is empty, a value is needed"},
      {"train --lr 1e400", "--lr: a number is needed that is no larger or smaller than doubles"},
      {"train --lr -0 --lr-loc-scale 1 --clip-norm -1", "--clip-norm takes"},
      {"train --lr -0 --clip-norm -1", "--clip-norm takes"},
      {"eval --threads -1", "--threads: Value -1 not in range"},
      {"train --epochs 1 --epochs 2", "--epochs is given 2 times; leave all but one out"},
      {"train --lr 0x1p-3", "--lr: a number is needed, got '0x1p-3'"},
      {"train --betas 0.9 x", "--betas: a number is needed, got 'x'"},
      {"train --synthetic --fill 0x10", "--fill takes auto or a number"},
      {"train --model-option conv1=1.5", "conv1 takes a whole number, got '1.5'"},
      {"summary --input 1 28 2.5", "--input: a whole number is needed, got '2.5'"},
      {"train --config .", "--config: .: is a directory"},
      {"train --config /dev/zero", "--config: /dev/zero: "},
      {"train --config pipe", "--config: pipe: "},
      {"train --config config.json", "config.json is JSON"},
      {"train --config section.toml", "section [trian], which is no command; did you mean train?"},
      {"train --config names.toml", "\\x1b"},
      {"train --config flag.toml", "sets 'no-augment' to 'twue'; true or false is needed"},
      {"train --config number.toml", "sets 'quiet' to '99999999999999999999'"},
      // Before anything is read.
      {"train --data /nowhere --model-option warp=foo",
       "warp 'foo' does not exist; did you mean flow? (it takes "},
      {"train --data /nowhere --model-option warp=tps:points=99", "points must be in"},
      {"train --data /nowhere --model-option sampler=bicubik", "did you mean bicubic?"},
      {"train --data /nowhere --model-option padding=zero", "did you mean zeros?"},
      {"train --data /nowhere --model cifar-deep --model-option blocks=8,8,8,8,8", "1 to 4 blocks"},
      {"train --data /nowhere --model features --fill 0", "--fill: the network features has no"},
      {"train --data /nowhere --model tutorial-cnn --fill 0", "it takes transformer, conv1"},
      {"train --data /nowhere --model cifar-cnn --model-option warp=tps", "without a transformer"},
      {"summary --model cifar-cnn --model-option warp=tps", "without a transformer"},
      {"summary --model-option warp=foo",
       "warp 'foo' does not exist; did you mean flow? (it takes "},
      {"summary --weights x.safetensors --model-option conv1=3", "leave --model-option and"},
      {"train --batch 0", "--batch takes 1 to"},
      {"train --threads -1", "--threads takes 0 to 256"},
      {"train --lr nan", "--lr takes a number"},
      {"train --optimizer adan", "did you mean adam?"},
      {"train surplus", "unexpected argument 'surplus'"},
      {"train --model tutoral", "did you mean tutorial?"},
      {"summary --model cifr", "did you mean cifar?"},
      {"help trian", "did you mean train?"},
      {"predict --jsn a.png", "did you mean --json?"},
      {"predict --top 0 a.png", "--top"},
      {"summary --input 1 28", "--input"},
      {"visualize --start x", "--start: a whole number is needed, got 'x'"},
      {"export --onnx", "--onnx"},
      {"--config absent.toml train", "--config: absent.toml: cannot be opened"},
  };
  for (const auto& [arguments, message] : cases) {
    const ProgramOutcome outcome = run_program(dir, arguments);
    INFO(arguments << ": " << outcome.err);
    CHECK(outcome.code == 2);
    CHECK_THAT(outcome.err, contains(message));
    CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1);
  }
}

TEST_CASE("numbers are decimal, also with zeros before them", "[cli]") {
  if (!program_built()) return;
  const TempDir dir;
  const ProgramOutcome outcome = run_program(
      dir,
      "train --synthetic --train-limit 080 --test-limit 020 --batch 010 --epochs +1 --seed 007");
  INFO(outcome.err);
  CHECK(outcome.code == 0);
  CHECK_THAT(outcome.out, contains("batch 10, 1 epoch, seed 7"));
}

TEST_CASE("help and version, asked for in any way", "[cli]") {
  if (!program_built()) return;
  const TempDir dir;
  CHECK_THAT(run_program(dir, "--version").out, contains("mnist_stn, Fovea"));
  CHECK_THAT(run_program(dir, "summary").out, contains("27,360"));
  const ProgramOutcome whole = run_program(dir, "help");
  for (const char* arguments : {"--help", "-h"})
    CHECK(run_program(dir, arguments).out == whole.out);
  const ProgramOutcome alone = run_program(dir, "");
  CHECK(alone.code == 2);
  CHECK_THAT(alone.out, contains("Usage: mnist_stn"));
  CHECK(alone.err == "mnist_stn: error: a command is missing\n");
  for (const std::string command :
       {"train", "eval", "summary", "predict", "visualize", "export", "help"}) {
    INFO(command);
    CHECK_THAT(whole.out, contains("  " + command + " "));
    const ProgramOutcome help = run_program(dir, command + " --help");
    CHECK(help.code == 0);
    CHECK(help.err == "");
    CHECK_THAT(help.out, contains("Usage: mnist_stn " + command) && contains("Example"));
    CHECK(run_program(dir, command + " -h").out == help.out);
    CHECK(run_program(dir, "help " + command).out == help.out);
    std::istringstream lines(help.out);
    for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 88);
  }
  CHECK_THAT(run_program(dir, "train -h").out, contains("(default: 20)"));
  const std::string help = run_program(dir, "help visualize").out;
  CHECK_THAT(help, contains("(default: as it fits)") && !contains("as it fits) (default"));
}

TEST_CASE("a config file gives options, the command line wins", "[cli]") {
  if (!program_built()) return;
  const TempDir dir;
  dir.write("my.toml", "# mine\nmodel = \"cifar\"\n");
  CHECK_THAT(run_program(dir, "summary --config my.toml").out, contains("[3, 32, 32]"));
  CHECK_THAT(run_program(dir, "--config my.toml summary --model tutorial").out, contains("27,360"));
  dir.write("marked.toml", "\xef\xbb\xbfmodel = \"cifar\"\n");  // as Windows writes text
  CHECK_THAT(run_program(dir, "summary --config marked.toml").out, contains("[3, 32, 32]"));
  dir.write("bad.toml", "modl = \"cifar\"\n");
  const ProgramOutcome bad = run_program(dir, "summary --config bad.toml");
  CHECK(bad.code == 2);
  CHECK_THAT(bad.err, contains("'modl', which is no option of summary; did you mean --model?"));
  for (const std::string name : {"help", "version", "config", "++"}) {
    dir.write("own.toml", name + " = true\n");
    const ProgramOutcome own = run_program(dir, "summary --config own.toml");
    CHECK(own.code == 2);
    CHECK_THAT(own.err, contains("the config file sets '" + name + "', which ") &&
                            contains(name == "++" ? "is no option" : "summary --" + name));
  }
  for (const std::string twice :
       {"model = cifar\nseed = 1\nmodel = tutorial\n", "model = cifar\n[train]\nmodel = tutorial\n",
        "[train]\nmodel = cifar\n[train]\nmodel = tutorial\n"}) {
    dir.write("twice.toml", twice);
    const ProgramOutcome outcome = run_program(dir, "train --config twice.toml");
    CHECK(outcome.code == 2);
    CHECK_THAT(outcome.err, contains("--model is given 2 times; leave all but one out"));
  }
  for (const std::string deep : {"[summary.x]\nmodel = cifar\n", "summary.x.model = cifar\n"}) {
    dir.write("deep.toml", deep);
    CHECK_THAT(run_program(dir, "summary --config deep.toml").err,
               contains("a section [summary.x], which is no command; did you mean summary?"));
  }
  dir.write("default.toml", "[default]\nmodel = \"cifar\"\n");
  CHECK_THAT(run_program(dir, "summary --config default.toml").out, contains("[3, 32, 32]"));
}

TEST_CASE("faults 1, 42, 44, 51: what train is given is checked before it trains", "[cli]") {
  if (!program_built()) return;
  const TempDir dir;
  dir.write("file", "x");
  const std::pair<const char*, const char*> cases[] = {
      {"--synthetic --out /dev/null/run", "/dev/null/run: folder cannot be created"},
      {"--synthetic --out file", "file: is not a directory"},
      {"--synthetic --init absent.safetensors", "absent.safetensors: cannot be opened"},
      {"--synthetic --init file", "file: "},
      {"--data absent",
       "no such folder: run 'make data' to download MNIST, name another folder with --data DIR, or "
       "use --synthetic"},
      {"--data file", "is a file, expected a folder"},
      {"--resume absent", "--resume takes the --out folder"},
  };
  for (const auto& [arguments, message] : cases) {
    const ProgramOutcome outcome = run_program(dir, std::string("train ") + arguments);
    INFO(arguments << ": " << outcome.err);
    CHECK(outcome.code == 1);
    CHECK(outcome.out == "");
    CHECK_THAT(outcome.err, contains("mnist_stn: error: ") && contains(message));
  }
  CHECK(run_program(dir, "train --synthetic --threads 1000000").code == 2);
  // A second trainer on the folder of a running one.
  const std::string run = "\"$P\" train --synthetic --train-limit 400 --test-limit 100 --out run ";
  const ProgramOutcome second =
      run_shell(dir, run +
                         "--epochs 100000 >first.txt 2>&1 & for i in {1..400}; do compgen -G "
                         "'run/checkpoint-*' >/dev/null && break; sleep 0.02; done; " +
                         run + "--overwrite; code=$?; kill -TERM $!; wait $!; exit $code");
  INFO(second.err);
  CHECK(second.code == 1);
  CHECK_THAT(second.err, contains("run: ") && contains("another"));
}

TEST_CASE("fault 57: odd settings of BLAS and OpenMP change nothing", "[cli]") {
  if (!program_built()) return;
  const TempDir dir;
  for (const std::string setting :
       {"A=1", "OPENBLAS_NUM_THREADS=64", "OPENBLAS_NUM_THREADS=abc", "OMP_NUM_THREADS=-3",
        "OMP_PROC_BIND=spread", "OPENBLAS_CORETYPE=Nonsense"}) {
    const ProgramOutcome outcome =
        run_shell(dir, "env " + setting + " \"$P\"" + little + "--quiet --out '" + setting + "'");
    INFO(setting << ": " << outcome.err);
    REQUIRE(outcome.code == 0);
    CHECK((bytes_of_file(dir.file(setting + "/last.safetensors")) ==
           bytes_of_file(dir.file("A=1/last.safetensors"))));
  }
}

TEST_CASE("train, then eval: the same figures", "[cli]") {
  if (!program_built()) return;
  const TempDir dir;
  dir.write("my.toml", "epochs = 1\nlog-every = 4\n");
  const ProgramOutcome train = run_shell(dir, "\"$P\"" + little + "--out run");
  INFO(train.err);
  REQUIRE(train.code == 0);
  CHECK_THAT(train.out, contains("Train Epoch: 1 [0/400 (0%)]\tLoss: "));
  const ProgramOutcome eval =
      run_shell(dir, "\"$P\" eval --synthetic --test-limit 100 --weights run/last.safetensors");
  const std::string line = eval.out.substr(eval.out.find("Test set:"));
  CHECK_THAT(train.out, contains(line));
  const ProgramOutcome json = run_shell(
      dir, "\"$P\" eval --json --synthetic --test-limit 100 --weights run/last.safetensors");
  CHECK(json.out.starts_with(R"({"model":"tutorial","parameters":27360,"weights":"run/last)"));
  CHECK_THAT(json.out, contains(R"("total":100,"accuracy":)"));
  const ProgramOutcome shipped = run_shell(dir, "\"$P\" eval --synthetic --test-limit 100");
  CHECK(shipped.code == 0);
  CHECK_THAT(shipped.out, contains("mnist.safetensors (pre-trained; others with --weights)"));
  CHECK(run_shell(dir, "\"$P\"" + little + "--out run").code == 1);
  const ProgramOutcome config =
      run_shell(dir,
                "\"$P\" train --config my.toml --synthetic --train-limit 400 "
                "--test-limit 100");
  CHECK_THAT(config.out, contains("1 epoch,"));
  CHECK_THAT(config.out, contains("Train Epoch: 1 [256/400 (57%)]"));
}

TEST_CASE("faults 39, 54, 55: signals and a closed pipe, then resumed to the same bits", "[cli]") {
  if (!program_built()) return;
  const TempDir dir;
  const std::string longer =
      "\"$P\" train --synthetic --train-limit 6400 --test-limit 100 --epochs 4 --checkpoint-every "
      "7 ";
  REQUIRE(run_shell(dir, longer + "--out whole").code == 0);
  const std::string weights = bytes_of_file(dir.file("whole/last.safetensors"));
  const std::pair<const char*, int> signals[] = {{"INT", 130}, {"TERM", 143}, {"KILL", 137}};
  for (const auto& [name, code] : signals) {
    const std::string run = name;
    // Waits for the first checkpoint: then the loop is running.
    const ProgramOutcome outcome =
        run_shell(dir, longer + "--out " + run + " & for i in {1..400}; do compgen -G '" + run +
                           "/checkpoint-*' >/dev/null && break; sleep 0.01; done; kill -" + run +
                           " $!; wait $!");
    INFO(outcome.err);
    CHECK(outcome.code == code);
    CHECK(run_shell(dir, "\"$P\" train --quiet --resume " + run).code == 0);
    CHECK((bytes_of_file(dir.file(run + "/last.safetensors")) == weights));
  }
  const ProgramOutcome piped =
      run_shell(dir, longer + "--log-every 1 --out pipe | head -40; exit ${PIPESTATUS[0]}");
  CHECK(piped.code == 1);
  CHECK_THAT(piped.err, contains("standard output was closed") && contains("--resume pipe"));
  CHECK(run_shell(dir, "\"$P\" train --quiet --resume pipe").code == 0);
  CHECK((bytes_of_file(dir.file("pipe/last.safetensors")) == weights));
}
