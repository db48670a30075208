// --overwrite: nothing of the old run stays, nothing else goes, and no slip costs the old run.
#include <algorithm>
#include <filesystem>

#include "apps/networks/model.h"
#include "apps/run/files.h"
#include "apps/train/train.h"
#include "tests/train_helpers.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

std::vector<std::string> listing(const TempDir& dir) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir.path()))
    names.push_back(std::filesystem::relative(entry.path(), dir.path()).string());
  std::sort(names.begin(), names.end());
  return names;
}

TrainOptions rich(const std::string& out) {
  TrainOptions o = little_run(out, 1);
  o.tensorboard = true;
  o.checkpoint_every = 3;
  o.keep = 4;
  return o;
}

// No animation, no mistakes listed beyond it, another network.
TrainOptions poor(const std::string& out) {
  TrainOptions o = little_run(out, 1);
  o.data.train_limit = 64;
  o.model = "tutorial-cnn";
  o.overwrite = true;
  return o;
}

}  // namespace

TEST_CASE("--overwrite leaves nothing of the old run and all of others", "[overwrite]") {
  const TempDir used, fresh;
  CHECK(train(rich(used.path())) == 0);
  const std::vector<std::string> before = listing(used);
  CHECK(std::count_if(before.begin(), before.end(), [](const std::string& name) {
          return name.starts_with(run_files::events_prefix);
        }) == 1);
  CHECK(run_files::checkpoint_steps(used.path()).size() == 4);
  CHECK(std::count(before.begin(), before.end(), "training.gif") == 1);
  const std::vector<std::string> strange = {"notes.txt", "frames/mine.txt",
                                            "checkpoint-x.safetensors",
                                            "checkpoint-7.safetensors.old", "loss.svg.txt"};
  for (const std::string& name : strange) used.write(name, "mine"), fresh.write(name, "mine");
  CHECK(train(poor(used.path())) == 0);
  CHECK(train(poor(fresh.path())) == 0);
  CHECK(listing(used) == listing(fresh));
  for (const std::string& name : strange) CHECK(bytes_of_file(used.file(name)) == "mine");
  CHECK(load_model(used.file(run_files::best_weights)).info.name == "tutorial-cnn");
}

TEST_CASE("a run that cannot start leaves the old one as it is", "[overwrite]") {
  const TempDir dir;
  CHECK(train(poor(dir.path())) == 0);
  const std::vector<std::string> before = listing(dir);
  const auto slip = [&](auto change) {
    TrainOptions o = poor(dir.path());
    change(o);
    const std::string message = message_of([&] { train(o); });
    CHECK(listing(dir) == before);
    return message;
  };
  CHECK_THAT(slip([](auto& o) { o.overwrite = false; }), contains("holds a run already"));
  CHECK_THAT(slip([](auto& o) { o.model_options = {"conv1=0"}; }), contains("takes 1 to 65536"));
  CHECK_THAT(slip([](auto& o) { o.model = "tutorial", o.model_options = {"warp=foo"}; }),
             contains("'foo' does not exist"));
  CHECK_THAT(slip([](auto& o) { o.init = "/nowhere"; }), contains("/nowhere"));
  CHECK_THAT(slip([](auto& o) { o.data.synthetic = false, o.data.directory = "/nowhere"; }),
             contains("/nowhere"));
  CHECK_THAT(slip([](auto& o) { o.warmup = 1000; }), contains("--warmup"));
}

TEST_CASE("a run that cannot start leaves no folder behind", "[overwrite]") {
  const TempDir dir;
  std::filesystem::create_directory(dir.file("there"));
  const std::vector<std::string> before = listing(dir);
  for (const char* out : {"new/deep/", "there", "there/new"})
    for (const auto& change : std::initializer_list<void (*)(TrainOptions&)>{
             [](auto& o) { o.model = "nonsense"; }, [](auto& o) { o.init = "/nowhere"; },
             [](auto& o) { o.data.synthetic = false, o.data.directory = "/nowhere"; },
             [](auto& o) { o.data.test_limit = -1; }, [](auto& o) { o.validation = 64; },
             [](auto& o) { o.warmup = 1000; },
             [](auto& o) { o.resume = o.out, o.out.clear(), o.overwrite = false; }}) {
      TrainOptions o = poor(dir.path() + "/" + out);
      change(o);
      CHECK(message_of([&] { train(o); }) != "");
      CHECK(listing(dir) == before);
    }
}

TEST_CASE("a run does not replace the weights that it starts from", "[overwrite]") {
  const TempDir dir;
  CHECK(train(poor(dir.path())) == 0);
  std::filesystem::create_hard_link(dir.file(run_files::best_weights), dir.file("other"));
  std::filesystem::create_symlink(run_files::last_weights, dir.file("link"));
  const std::vector<std::string> before = listing(dir);
  for (const char* init : {run_files::best_weights, run_files::last_weights, "other", "link"}) {
    TrainOptions again = poor(dir.path());
    again.init = dir.file(init);
    CHECK_THAT(message_of([&] { train(again); }),
               contains(again.init) && contains("--overwrite would delete it"));
    CHECK(listing(dir) == before);
  }
}

TEST_CASE("the value outside of the image may be given as an option of the network",
          "[overwrite]") {
  const auto fill = [](const std::string& option, const std::string& network_option) {
    const TempDir dir;
    TrainOptions o = poor(dir.path());
    o.model = "tutorial";
    o.fill = option;
    if (!network_option.empty()) o.model_options = {network_option};
    train(o);
    return load_model(dir.file(run_files::best_weights)).info.options.number("fill");
  };
  CHECK(fill("0.25", "") == 0.25);
  CHECK(fill("auto", "fill=0.5") == 0.5);
  CHECK(fill("auto", "") < -0.3);
  CHECK_THAT(message_of([&] { fill("0.25", "fill=0.5"); }), contains("exclude each other"));
}
