#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "apps/networks/model_info.h"
#include "apps/run/checkpoint.h"
#include "apps/run/files.h"
#include "apps/shell/json.h"
#include "core/error.h"
#include "optim/adam.h"
#include "tests/child_process.h"
#include "tests/train_helpers.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

Model little_model(std::uint64_t seed = 1) {
  std::vector<std::string> names;
  for (int i = 0; i < 10; ++i) names.push_back(std::to_string(i));
  return make_model(describe_model("tutorial", {1, 28, 28}, names), seed);
}

// An optimiser that has made two updates with gradients of one.
std::unique_ptr<AdamW> used_optimizer(const Model& model) {
  auto optimizer = std::make_unique<AdamW>(model.network->parameters());
  for (const Tensor& p : model.network->parameters()) {
    const Tensor grad = Tensor::shared(p.shape());
    grad.fill(1);
    p.set_grad(grad);
  }
  optimizer->step();
  optimizer->step();
  return optimizer;
}

void save(const TempDir& dir, std::int64_t step, int keep = 2) {
  const Model model = little_model();
  const auto optimizer = used_optimizer(model);
  optimizer->set_steps(step);
  save_checkpoint(dir.path(), model, *optimizer, {.step = step, .best_loss = 0.1}, "{}", keep);
}

}  // namespace

TEST_CASE("a checkpoint brings everything back", "[checkpoint]") {
  const TempDir dir;
  const Model model = little_model();
  const auto optimizer = used_optimizer(model);
  const RunState state{.step = 2,
                       .epoch = 1,
                       .batch = 3,
                       .epoch_loss = 0.1 + 0.2,
                       .best_epoch = 1,
                       .best_loss = 1.0 / 3,
                       .csv_bytes = 77,
                       .data_checksum = 0xFFFFFFFF,
                       .plateau = ReduceOnPlateau::State{.lr = 0.1 + 0.2, .bad = 2}};
  save_checkpoint(dir.path(), model, *optimizer, state, R"({"lr": 1})", 2);

  const Checkpoint read = read_newest_checkpoint(dir.path());
  CHECK(read.options == R"({"lr": 1})");
  CHECK(read.state.batch == 3);
  CHECK(read.state.epoch_loss == state.epoch_loss);
  CHECK(read.state.best_loss == state.best_loss);
  CHECK(read.state.csv_bytes == 77);
  CHECK(read.state.data_checksum == 0xFFFFFFFF);
  REQUIRE(read.state.plateau);
  CHECK(read.state.plateau->lr == state.plateau->lr);
  CHECK(std::isinf(read.state.plateau->best));
  CHECK(read.state.plateau->bad == 2);
  const Model other = model_from(read.tensors, read.file);
  AdamW restored(other.network->parameters());
  restore_optimizer(restored, read);
  CHECK(restored.steps() == 2);
  const auto expected = optimizer->state(), found = restored.state();
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    CHECK(found[i].first == expected[i].first);
    CHECK(std::equal(found[i].second.values().begin(), found[i].second.values().end(),
                     expected[i].second.values().begin()));
  }
}

TEST_CASE("the newest checkpoints are kept", "[checkpoint]") {
  const TempDir dir;
  for (const std::int64_t step : {9, 10, 100, 2000}) save(dir, step);
  CHECK_FALSE(std::filesystem::exists(dir.file("checkpoint-10.safetensors")));
  CHECK(std::filesystem::exists(dir.file("checkpoint-100.safetensors")));
  CHECK(read_newest_checkpoint(dir.path()).state.step == 2000);
  save(dir, 50);  // taken back: what was further is another history
  CHECK(read_newest_checkpoint(dir.path()).state.step == 50);
}

TEST_CASE("faults 34 to 36: checkpoints that cannot be resumed", "[checkpoint]") {
  const TempDir dir;
  auto reading = [&] { return message_of([&] { read_newest_checkpoint(dir.path()); }); };
  CHECK_THAT(reading(), contains("holds no checkpoint; give the --out folder of a run"));
  save_model(dir.file(run_files::last_weights), little_model());
  CHECK_THAT(reading(), contains("only weights; start a new run from them with --init"));
  save_model(dir.file("checkpoint-5.safetensors"), little_model());
  CHECK_THAT(reading(), contains("checkpoint-5.safetensors: has no optimiser state"));

  save(dir, 6);
  save(dir, 7);
  std::string bytes = bytes_of_file(dir.file("checkpoint-7.safetensors"));
  bytes[bytes.size() / 2] ^= 1;
  dir.write("checkpoint-7.safetensors", bytes);
  CHECK(reading() == "");  // with a warning
  CHECK(read_newest_checkpoint(dir.path()).state.step == 6);

  SafeTensors newer = read_safetensors(dir.file("checkpoint-6.safetensors"));
  newer.metadata[format_key] = "2";
  write_safetensors(dir.file("checkpoint-8.safetensors"), newer);
  CHECK_THAT(reading(), contains("format version 2, but this program knows version 1"));
  newer.metadata[format_key] = "1";
  newer.metadata["fovea.state"] = "{}";
  write_safetensors(dir.file("checkpoint-8.safetensors"), newer);
  CHECK(read_newest_checkpoint(dir.path()).state.step == 6);
  std::filesystem::remove(dir.file("checkpoint-6.safetensors"));
  CHECK_THAT(reading(),
             contains("checkpoint-8.safetensors: damaged checkpoint: key 'step' not found") &&
                 contains("nor can an older one be read"));
}

TEST_CASE("checkpoints whose figures no run can have had are damaged", "[checkpoint]") {
  const TempDir dir;
  const std::string file = dir.file("checkpoint-6.safetensors");
  save(dir, 6);
  const SafeTensors whole = read_safetensors(file);
  const auto reading = [&](const char* key, const Json& value) {
    Json state = Json::parse(whole.metadata.at("fovea.state"));
    state[key] = value;
    SafeTensors forged = whole;
    forged.metadata["fovea.state"] = state.dump();
    write_safetensors(file, forged);
    return message_of([&] { read_newest_checkpoint(dir.path()); });
  };
  for (const char* counter : {"step", "epoch", "batch", "csv_bytes", "jsonl_bytes", "frames_bytes",
                              "epoch_images", "epoch_correct", "best_epoch", "epochs_since_best"}) {
    INFO(counter);
    CHECK_THAT(reading(counter, -1), contains("damaged checkpoint"));
    CHECK_THAT(reading(counter, std::int64_t{1} << 62), contains("damaged checkpoint"));
    CHECK_THAT(reading(counter, 0.5), contains("a whole number is expected"));
  }
  CHECK_THAT(reading("epoch_correct", 100000), contains("more answers are right"));
  CHECK_THAT(reading("best_epoch", 1000), contains("lies ahead"));
  CHECK_THAT(reading("best_accuracy", 1.5), contains("an accuracy outside"));
  CHECK_THAT(reading("seconds", -1), contains("a time is negative"));
  CHECK_THAT(reading("plateau", {{"lr", 0.1}, {"bad", 4294967296}, {"cooldown", 0}}),
             contains("plateau bad is 4294967296"));
  CHECK(reading("seconds", 1) == "");
}

TEST_CASE("fault 40: when the disk is full, the older checkpoint stays", "[checkpoint]") {
  const TempDir dir;
  save(dir, 1, 1);
  const std::string message = message_in_child([&] {
    limit_file_size(100'000);
    save(dir, 2, 1);
  });
  CHECK_THAT(message, contains("checkpoint-2.safetensors: cannot be written"));
  CHECK(read_newest_checkpoint(dir.path()).state.step == 1);
}
