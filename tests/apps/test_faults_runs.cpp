// Runs that were cut off: what a killed process or a power cut leaves is gone on with.
#include <algorithm>
#include <filesystem>

#include "apps/run/checkpoint.h"
#include "apps/run/files.h"
#include "apps/run/tensorboard.h"
#include "apps/train/train.h"
#include "tests/dataset_helpers.h"
#include "tests/train_helpers.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

namespace fs = std::filesystem;

int go_on(const std::string& folder) {
  TrainOptions options;
  options.resume = folder;
  options.quiet = true;
  return train(options, {.given = {"quiet"}});
}

void cut_file(const std::string& path, std::size_t bytes) {
  fs::resize_file(path, bytes);
}

// Steps of the events "step/loss" in all event files that ours wrote, read by hand: a record is
// length (8), CRC, event, CRC; an event is wall time (9 bytes), step (tag 16), summary.
std::vector<std::int64_t> steps_logged(const std::string& folder) {
  std::vector<std::int64_t> steps;
  for (const std::string& path : run_files::event_files(folder)) {
    const std::string bytes = bytes_of_file(path);
    for (std::size_t at = 0; at < bytes.size();) {
      std::uint64_t length = 0;
      for (int i = 7; i >= 0; --i) length = length << 8 | static_cast<unsigned char>(bytes[at + i]);
      const std::string event = bytes.substr(at + 12, length);
      at += 16 + length;
      REQUIRE(at <= bytes.size());
      if (event.find("step/loss") == event.npos) continue;
      REQUIRE(event[9] == 16);
      std::int64_t step = 0;
      int shift = 0;
      std::size_t i = 10;
      for (;; ++i, shift += 7) {
        step |= std::int64_t{event[i] & 127} << shift;
        if (!(event[i] & 128)) break;
      }
      steps.push_back(step);
    }
  }
  return steps;
}

std::vector<std::int64_t> counted(std::int64_t first, std::int64_t last, std::int64_t by) {
  std::vector<std::int64_t> all;
  for (std::int64_t i = first; i <= last; i += by) all.push_back(i);
  return all;
}

// The first two columns of log.csv and the epoch: what does not depend on time.
std::vector<std::string> csv_steps(const std::string& path) {
  std::vector<std::string> out;
  std::istringstream lines(bytes_of_file(path));
  for (std::string line; std::getline(lines, line);)
    out.push_back(line.substr(0, line.find(',', line.find(',', line.find(',') + 1) + 1)));
  return out;
}

struct Finished {
  TempDir dir;
  std::string folder = dir.file("run");
  std::string best, last;
  TrainOptions options;
  Finished() {
    options = little_run(folder);
    options.checkpoint_every = 5;
    options.tensorboard = true;
    options.log_every = 1;
    REQUIRE(train(options) == 0);
    best = bytes_of_file(folder + "/best.safetensors");
    last = bytes_of_file(folder + "/last.safetensors");
  }
  void check_same() const {
    CHECK((bytes_of_file(folder + "/best.safetensors") == best));
    CHECK((bytes_of_file(folder + "/last.safetensors") == last));
    CHECK(fs::exists(folder + "/report.html"));
  }
};

}  // namespace

TEST_CASE("a run that was killed before its first checkpoint is started over", "[faults]") {
  Finished run;
  for (const std::int64_t step : run_files::checkpoint_steps(run.folder))
    fs::remove(run.folder + "/" + run_files::checkpoint(step));
  for (const char* name : {"best.safetensors", "last.safetensors", "report.html", "confusion.json"})
    fs::remove(run.folder + "/" + name);
  CHECK_THAT(message_of([&] { train(run.options); }),
             contains("stopped before its first checkpoint") &&
                 contains("go on with it by --resume " + run.folder));
  CHECK(go_on(run.folder) == 0);
  run.check_same();
  CHECK(steps_logged(run.folder) == counted(1, 26, 1));  // one curve, once
  CHECK(csv_steps(run.folder + "/log.csv").size() == 1 + 26 + 2);
}

TEST_CASE("a damaged newest checkpoint falls back to the one before", "[faults]") {
  for (const char* how : {"flipped", "cut", "empty", "zeros", "garbage"}) {
    INFO(how);
    Finished run;
    const auto steps = run_files::checkpoint_steps(run.folder);
    REQUIRE(steps == std::vector<std::int64_t>{26, 25});
    const std::string newest = run.folder + "/" + run_files::checkpoint(26);
    std::string bytes = bytes_of_file(newest);
    if (how == std::string("flipped")) bytes[bytes.size() / 2] ^= 1;
    if (how == std::string("cut")) bytes.resize(bytes.size() / 2);
    if (how == std::string("empty")) bytes.clear();
    if (how == std::string("zeros")) bytes.assign(bytes.size(), '\0');
    if (how == std::string("garbage"))
      bytes = "not a checkpoint at all, and long enough to be read";
    std::ofstream(newest, std::ios::binary) << bytes;
    CHECK(go_on(run.folder) == 0);
    run.check_same();
    CHECK(read_newest_checkpoint(run.folder).state.step == 26);
    CHECK(fs::exists(newest + ".set-aside") == (how == std::string("garbage")));
    CHECK(steps_logged(run.folder) == counted(1, 26, 1));
  }
}

TEST_CASE("a config.json that a power cut tore is written anew", "[faults]") {
  Finished run;
  const std::string path = run.folder + "/config.json", whole = bytes_of_file(path);
  for (const std::string& torn : {std::string(), std::string(900, '\0'), whole.substr(0, 300)}) {
    fs::remove(run.folder + "/" + run_files::checkpoint(26));
    std::ofstream(path, std::ios::binary) << torn;
    CHECK(go_on(run.folder) == 0);
    run.check_same();
    CHECK_THAT(bytes_of_file(path), contains("\"options\""));
  }
  std::ofstream(path, std::ios::binary) << "{\"name\": \"a stranger's\"}";
  CHECK_THAT(message_of([&] { go_on(run.folder); }), contains("was not made by this program"));
}

TEST_CASE("logs that a power cut tore go on behind their last whole line", "[faults]") {
  for (const char* name : {"log.csv", "log.jsonl", "frames/theta.jsonl", "events"})
    for (const char* how : {"cut", "zeros", "empty"}) {
      INFO(name << ", " << how);
      Finished run;
      fs::remove(run.folder + "/" + run_files::checkpoint(26));
      const std::string path = name == std::string("events")
                                   ? run_files::event_files(run.folder).front()
                                   : run.folder + "/" + name;
      std::string bytes = bytes_of_file(path);
      const std::size_t middle = bytes.size() / 2 + 3;
      if (how == std::string("cut")) bytes.resize(middle);
      if (how == std::string("zeros")) std::fill(bytes.begin() + middle, bytes.end(), '\0');
      if (how == std::string("empty")) bytes.clear();
      std::ofstream(path, std::ios::binary) << bytes;
      CHECK(go_on(run.folder) == 0);
      run.check_same();
      const std::string csv = bytes_of_file(run.folder + "/log.csv");
      CHECK(csv.starts_with("kind,epoch,step,"));
      CHECK(csv.find('\0') == csv.npos);
      std::istringstream lines(csv);
      std::string header;
      std::getline(lines, header);
      const auto commas = std::count(header.begin(), header.end(), ',');
      for (std::string line; std::getline(lines, line);)
        CHECK(std::count(line.begin(), line.end(), ',') == commas);
      const std::vector<std::int64_t> steps = steps_logged(run.folder);
      CHECK(std::is_sorted(steps.begin(), steps.end()));
      CHECK(std::adjacent_find(steps.begin(), steps.end()) == steps.end());
    }
}

TEST_CASE("damaged lines in the middle of logs are told when a run goes on, and stay", "[faults]") {
  Finished run;
  fs::remove(run.folder + "/" + run_files::checkpoint(26));
  for (const char* name : {"log.csv", "log.jsonl", "frames/theta.jsonl"}) {
    std::string bytes = bytes_of_file(run.folder + "/" + name);
    const std::size_t line = bytes.find('\n', bytes.find('\n') + 1) + 1;
    bytes.replace(line + 3, 4, std::string(4, '\0'));
    std::ofstream(run.folder + "/" + name, std::ios::binary) << bytes;
  }
  const std::string told = stderr_of([&] { CHECK(go_on(run.folder) == 0); });
  for (const char* name : {"log.csv", "log.jsonl", "theta.jsonl"}) {
    const std::size_t at = told.find(cat("/", name, ": line 3 is damaged: "));
    REQUIRE(at != told.npos);
    // Before the report says it, too.
    if (name != std::string("log.csv")) CHECK(told.rfind(cat("/", name, ": line 3")) > at);
  }
  run.check_same();
  CHECK(csv_steps(run.folder + "/log.csv").size() == 1 + 26 + 2);
}

TEST_CASE("a run that lacks only its report makes it", "[faults]") {
  Finished run;
  fs::remove(run.folder + "/report.html");
  CHECK(go_on(run.folder) == 0);
  run.check_same();
  // A report of an older state is none.
  fs::last_write_time(run.folder + "/report.html", fs::file_time_type::min());
  CHECK(go_on(run.folder) == 0);
  CHECK(fs::last_write_time(run.folder + "/report.html") > fs::file_time_type::min());
}

TEST_CASE("TensorBoard shows one curve, once, whatever came between", "[faults]") {
  Finished run;
  // Killed at step 26, with the checkpoint of step 25 as its newest.
  fs::remove(run.folder + "/" + run_files::checkpoint(26));
  CHECK(go_on(run.folder) == 0);
  CHECK(run_files::event_files(run.folder).size() == 2);
  CHECK(steps_logged(run.folder) == counted(1, 26, 1));
  cut_file(run_files::event_files(run.folder).back(), 50);
  run.options.overwrite = true;
  CHECK(train(run.options) == 0);
  CHECK(run_files::event_files(run.folder).size() == 1);
  CHECK(steps_logged(run.folder) == counted(1, 26, 1));
}

TEST_CASE("a copy of a run by hard links stays as it was", "[faults]") {
  Finished run;
  fs::copy(run.folder, run.dir.file("copy"),
           fs::copy_options::recursive | fs::copy_options::create_hard_links);
  const std::string log = bytes_of_file(run.dir.file("copy/log.csv"));
  fs::remove(run.folder + "/" + run_files::checkpoint(26));
  CHECK(go_on(run.folder) == 0);
  CHECK((bytes_of_file(run.dir.file("copy/log.csv")) == log));
  CHECK(steps_logged(run.dir.file("copy")) == counted(1, 26, 1));
}
