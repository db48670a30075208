#include "apps/run/checkpoint.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "apps/networks/model_info.h"
#include "apps/run/files.h"
#include "apps/shell/console.h"
#include "apps/shell/json.h"
#include "apps/shell/strict_json.h"
#include "core/error.h"

namespace fovea {

namespace {

namespace fs = std::filesystem;

constexpr const char* state_key = "fovea.state";
constexpr const char* options_key = "fovea.options";

template <class State, class Visit>
void visit_state(State& s, Visit visit) {
  visit("step", s.step), visit("epoch", s.epoch), visit("batch", s.batch);
  visit("epoch_loss", s.epoch_loss), visit("epoch_squares", s.epoch_squares);
  visit("epoch_correct", s.epoch_correct), visit("epoch_images", s.epoch_images);
  visit("best_epoch", s.best_epoch), visit("best_loss", s.best_loss);
  visit("best_accuracy", s.best_accuracy), visit("epochs_since_best", s.epochs_since_best);
  visit("finished", s.finished);
  visit("seconds", s.seconds), visit("epoch_seconds", s.epoch_seconds);
  visit("csv_bytes", s.csv_bytes), visit("jsonl_bytes", s.jsonl_bytes);
  visit("frames_bytes", s.frames_bytes), visit("data_checksum", s.data_checksum);
}

Json plateau_json(const ReduceOnPlateau::State& s) {
  Json json = {{"lr", s.lr}, {"bad", s.bad}, {"cooldown", s.cooldown}};
  if (std::isfinite(s.best)) json["best"] = s.best;  // JSON has no infinity: that of the beginning
  return json;
}

ReduceOnPlateau::State plateau_state(const Json& json, const std::string& what) {
  ReduceOnPlateau::State s;
  const auto read = [&](const char* name, auto& value) {
    read_strictly(json.at(name), cat(what, " ", name), value);
  };
  read("lr", s.lr), read("bad", s.bad), read("cooldown", s.cooldown);
  if (json.contains("best")) read("best", s.best);
  return s;
}

// Values that no run leaves behind would misplace the loader, or come out as figures of the run.
void check_state(const RunState& s, const std::string& file) {
  const auto check = [&](bool good, const char* what) {
    require(good, file, ": damaged checkpoint: ", what);
  };
  for (const std::int64_t count :
       {s.step, s.csv_bytes, s.jsonl_bytes, s.frames_bytes, s.epoch_images, s.epoch_correct,
        std::int64_t{s.epoch}, std::int64_t{s.batch}, std::int64_t{s.best_epoch},
        std::int64_t{s.epochs_since_best}})
    check(count >= 0 && count <= std::int64_t{1} << 53, "a counter is negative or beyond 2^53");
  check(s.epoch_correct <= s.epoch_images, "more answers are right than there were images");
  check(s.best_epoch <= s.epoch + 1 && s.epochs_since_best <= s.epoch + 1,
        "its best epoch lies ahead");
  check(s.best_accuracy >= 0 && s.best_accuracy <= 1, "an accuracy outside of 0 to 1");
  check(s.seconds >= 0 && s.epoch_seconds >= 0, "a time is negative");
}

Checkpoint read_checkpoint(const std::string& file) {
  Checkpoint out;
  out.file = file;
  try {
    out.tensors = read_safetensors(out.file);
    require_known_format(out.tensors, out.file);
    const auto& metadata = out.tensors.metadata;
    require(metadata.count(state_key) && metadata.count(options_key), out.file,
            ": has no optimiser state, only weights; start a new run from them with --init");
    const Json json = parse_json(metadata.at(state_key));
    visit_state(out.state, [&](const char* name, auto& value) {
      read_strictly(json.at(name), cat(out.file, ": damaged checkpoint: ", name), value);
    });
    if (json.contains("plateau"))
      out.state.plateau =
          plateau_state(json.at("plateau"), cat(out.file, ": damaged checkpoint: plateau"));
    out.options = metadata.at(options_key);
    check_state(out.state, out.file);
  } catch (const Json::exception& error) {
    fail(out.file, ": damaged checkpoint: ", json_reason(error));
  }
  return out;
}

}  // namespace

std::string save_checkpoint(const std::string& directory, const Model& model,
                            const Optimizer& optimizer, const RunState& state,
                            const std::string& options, int keep) {
  Json json;
  visit_state(state, [&](const char* name, const auto& value) { json[name] = value; });
  if (state.plateau) json["plateau"] = plateau_json(*state.plateau);
  SafeTensors content =
      model_tensors(model, {{state_key, dump_json(json)}, {options_key, options}});
  for (const auto& [name, tensor] : optimizer.state()) {
    SafeTensor copy{tensor.shape(), {}};
    for (const Real value : tensor.values()) copy.values.push_back(static_cast<float>(value));
    content.tensors.emplace_back(optimizer_prefix + name, std::move(copy));
  }
  const std::string path = run_files::path_in(directory, run_files::checkpoint(state.step));
  std::error_code ignored;  // something else of that name, perhaps a damaged checkpoint
  if (!run_files::is_own_checkpoint(path)) fs::rename(path, path + ".set-aside", ignored);
  write_safetensors(path, content);

  const std::vector<std::int64_t> steps = run_files::checkpoint_steps(directory);
  int newer = 0;
  for (const std::int64_t step : steps) {
    // A larger number is from a run that went further and was taken back to an older checkpoint.
    if (step <= state.step && newer++ < keep) continue;
    const std::string old = run_files::path_in(directory, run_files::checkpoint(step));
    if (run_files::is_own_checkpoint(old)) fs::remove(old, ignored);  // one too many does no harm
  }
  return path;
}

Checkpoint read_newest_checkpoint(const std::string& directory) {
  require(fs::is_directory(directory), directory,
          ": is not a folder; --resume takes the --out folder of a run");
  const std::vector<std::int64_t> steps = run_files::checkpoint_steps(directory);
  if (steps.empty()) {
    const bool weights = fs::exists(run_files::path_in(directory, run_files::last_weights));
    fail(directory, ": holds no checkpoint",
         weights ? cat(", only weights; start a new run from them with --init ",
                       run_files::path_in(directory, run_files::last_weights))
                 : "; give the --out folder of a run");
  }
  std::string damage;
  for (const std::int64_t step : steps) {
    try {
      Checkpoint out = read_checkpoint(run_files::path_in(directory, run_files::checkpoint(step)));
      if (!damage.empty()) warn(cat(damage, "; going on from the one before, of step ", step));
      return out;
    } catch (const NewerVersion&) {
      throw;
    } catch (const Error& error) {
      if (damage.empty()) damage = error.what();
    }
  }
  fail(damage, steps.size() > 1 ? "; nor can an older one be read" : "",
       "; start a new run with --overwrite or another --out");
}

void restore_optimizer(Optimizer& optimizer, const Checkpoint& checkpoint) {
  std::vector<Optimizer::NamedState> state;
  const std::string prefix = optimizer_prefix;
  for (const auto& [name, tensor] : checkpoint.tensors.tensors) {
    if (!name.starts_with(prefix)) continue;
    const Tensor values = Tensor::shared(tensor.shape);
    std::copy(tensor.values.begin(), tensor.values.end(), values.data());
    state.emplace_back(name.substr(prefix.size()), values);
  }
  try {
    optimizer.restore(checkpoint.state.step, state);
  } catch (const Error& error) {
    fail(checkpoint.file, ": ", error.what());
  }
}

}  // namespace fovea
