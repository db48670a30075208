#include "apps/run/checkpoint.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "apps/networks/model_info.h"
#include "apps/run/run_files.h"
#include "apps/shell/json.h"
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

std::string checkpoint_name(std::int64_t step) {
  return cat(run_files::checkpoint_prefix, step, run_files::checkpoint_suffix);
}

// The step in a checkpoint's name; -1 for other files.
std::int64_t step_of(const std::string& name) {
  const std::string prefix = run_files::checkpoint_prefix, suffix = run_files::checkpoint_suffix;
  if (!name.starts_with(prefix) || !name.ends_with(suffix)) return -1;
  const std::size_t length = name.size() - std::min(name.size(), prefix.size() + suffix.size());
  const std::string digits = name.substr(prefix.size(), length);
  if (digits.empty() || digits.size() > 18 ||
      digits.find_first_not_of("0123456789") != std::string::npos)
    return -1;
  return std::stoll(digits);
}

// The steps of all checkpoints, most first.
std::vector<std::int64_t> checkpoint_steps(const std::string& directory) {
  std::vector<std::int64_t> steps;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error))
    if (const std::int64_t step = step_of(entry->path().filename().string()); step >= 0)
      steps.push_back(step);
  std::sort(steps.rbegin(), steps.rend());
  return steps;
}

std::string path_in(const std::string& directory, const std::string& name) {
  return (fs::path(directory) / name).string();
}

// Values that no run leaves behind would misplace the loader.
void check_state(const RunState& s, const std::string& file) {
  require(s.step >= 0 && s.epoch >= 0 && s.batch >= 0 && s.csv_bytes >= 0 && s.jsonl_bytes >= 0 &&
              s.frames_bytes >= 0 && s.epoch_images >= 0,
          file, ": damaged checkpoint: a counter is negative");
}

}  // namespace

std::string save_checkpoint(const std::string& directory, const Model& model,
                            const Optimizer& optimizer, const RunState& state,
                            const std::string& options, int keep) {
  Json json;
  visit_state(state, [&](const char* name, const auto& value) { json[name] = value; });
  SafeTensors content =
      model_tensors(model, {{state_key, dump_json(json)}, {options_key, options}});
  for (const auto& [name, tensor] : optimizer.state()) {
    SafeTensor copy{tensor.shape(), {}};
    for (const Real value : tensor.values()) copy.values.push_back(static_cast<float>(value));
    content.tensors.emplace_back(optimizer_prefix + name, std::move(copy));
  }
  const std::string path = path_in(directory, checkpoint_name(state.step));
  write_safetensors(path, content);

  const std::vector<std::int64_t> steps = checkpoint_steps(directory);
  int newer = 0;
  for (const std::int64_t step : steps) {
    // A larger number is from a run that went further and was taken back to an older checkpoint.
    if (step <= state.step && newer++ < keep) continue;
    std::error_code ignored;  // a file too many does no harm
    fs::remove(path_in(directory, checkpoint_name(step)), ignored);
  }
  return path;
}

Checkpoint read_newest_checkpoint(const std::string& directory) {
  require(fs::is_directory(directory), directory,
          ": is not a folder; --resume takes the --out folder of a run");
  const std::vector<std::int64_t> steps = checkpoint_steps(directory);
  if (steps.empty()) {
    const bool weights = fs::exists(path_in(directory, run_files::last_weights));
    fail(directory, ": holds no checkpoint",
         weights ? cat(", only weights; start a new run from them with --init ",
                       path_in(directory, run_files::last_weights))
                 : "; give the --out folder of a run");
  }
  Checkpoint out;
  out.file = path_in(directory, checkpoint_name(steps[0]));
  try {
    out.tensors = read_safetensors(out.file);
    require_known_format(out.tensors, out.file);
    const auto& metadata = out.tensors.metadata;
    require(metadata.count(state_key) && metadata.count(options_key), out.file,
            ": has no optimiser state, only weights; start a new run from them with --init");
    const Json json = parse_json(metadata.at(state_key));
    visit_state(out.state, [&](const char* name, auto& value) { json.at(name).get_to(value); });
    out.options = metadata.at(options_key);
    check_state(out.state, out.file);
  } catch (const Json::exception& error) {
    fail(out.file, ": damaged checkpoint: ", error.what());
  } catch (const Error& error) {
    if (steps.size() < 2) throw;
    fail(error.what(), " (delete it to go on from ", checkpoint_name(steps[1]), ")");
  }
  return out;
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

bool has_run(const std::string& directory) {
  return fs::exists(path_in(directory, run_files::config)) || !checkpoint_steps(directory).empty();
}

void remove_run(const std::string& directory) {
  std::vector<std::string> names = {
      run_files::config,       run_files::log_csv, run_files::log_jsonl, run_files::best_weights,
      run_files::last_weights, run_files::frames,  run_files::confusion, "report.html"};
  for (const std::int64_t step : checkpoint_steps(directory))
    names.push_back(checkpoint_name(step));
  for (const std::string& name : names) {
    std::error_code error;
    fs::remove(path_in(directory, name), error);
    require(!error, path_in(directory, name), ": cannot be removed: ", error.message());
  }
}

}  // namespace fovea
