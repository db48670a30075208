#include "apps/run/files.h"

#include <algorithm>
#include <filesystem>

#include "core/error.h"

namespace fovea::run_files {

namespace fs = std::filesystem;

namespace {

constexpr const char* checkpoint_prefix = "checkpoint-";
constexpr const char* checkpoint_suffix = ".safetensors";

// The step in a checkpoint's name; -1 for other files.
std::int64_t step_of(const std::string& name) {
  const std::string prefix = checkpoint_prefix, suffix = checkpoint_suffix;
  if (!name.starts_with(prefix) || !name.ends_with(suffix)) return -1;
  const std::size_t length = name.size() - std::min(name.size(), prefix.size() + suffix.size());
  const std::string digits = name.substr(prefix.size(), length);
  if (digits.empty() || digits.size() > 18 ||
      digits.find_first_not_of("0123456789") != std::string::npos)
    return -1;
  return std::stoll(digits);
}

// Names of TensorBoard's files in the folder.
std::vector<std::string> event_files(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error))
    if (std::string name = entry->path().filename().string(); name.starts_with(events_prefix))
      names.push_back(std::move(name));
  return names;
}

}  // namespace

std::string path_in(const std::string& directory, const std::string& name) {
  return (fs::path(directory) / name).string();
}

std::string report_path(const std::string& directory, const std::string& name) {
  require(std::find(std::begin(reports), std::end(reports), name) != std::end(reports), name,
          ": is no file of a report; add it to apps/run/files.h");
  return path_in(directory, name);
}

std::string checkpoint(std::int64_t step) {
  return cat(checkpoint_prefix, step, checkpoint_suffix);
}

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

bool has_run(const std::string& directory) {
  return fs::exists(path_in(directory, config)) || !checkpoint_steps(directory).empty();
}

void remove_run(const std::string& directory) {
  std::vector<std::string> names = {config,       log_csv, log_jsonl, best_weights,
                                    last_weights, frames,  confusion};
  names.insert(names.end(), std::begin(reports), std::end(reports));
  for (const std::int64_t step : checkpoint_steps(directory)) names.push_back(checkpoint(step));
  for (std::string& name : event_files(directory)) names.push_back(std::move(name));
  for (const std::string& name : names) {
    std::error_code error;
    fs::remove(path_in(directory, name), error);
    require(!error, path_in(directory, name), ": cannot be removed: ", error.message());
  }
  std::error_code ignored;  // it may hold something else
  fs::remove(fs::path(path_in(directory, frames)).parent_path(), ignored);
}

}  // namespace fovea::run_files
