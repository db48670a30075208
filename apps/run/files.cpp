#include "apps/run/files.h"

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "apps/run/config.h"
#include "apps/shell/outputs.h"
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

// Whether it is what write_config() writes.
bool is_own_config(const std::string& path) {
  try {
    const RunConfig found = read_config(path);
    return !found.fovea.empty() && !found.options.empty();
  } catch (const Error&) {
    return false;
  }
}

struct OwnFile {
  const char* name;
  std::string_view mark;
};

constexpr OwnFile own_files[] = {
    {log_csv, "kind,epoch,step,"},
    {log_jsonl, "{\"kind\":\""},
    {best_weights, file_marks::safetensors},
    {last_weights, file_marks::safetensors},
    {frames, "{\"step\":"},
    {confusion, "{\n \"class_names\": ["},
};

std::string_view report_mark(const std::string& name) {
  const std::string ending = fs::path(name).extension();
  return ending == ".png"   ? file_marks::png
         : ending == ".gif" ? file_marks::gif
         : ending == ".svg" ? file_marks::svg
                            : file_marks::html;
}

bool is_there(const std::string& path) {
  std::error_code error;
  return fs::symlink_status(path, error).type() != fs::file_type::not_found;
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

std::vector<std::string> event_files(const std::string& directory) {
  std::vector<std::string> paths;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error))
    if (const std::string name = entry->path().filename().string();
        name.starts_with(events_prefix) && name.ends_with(events_suffix))
      paths.push_back(entry->path().string());
  std::sort(paths.begin(), paths.end());
  return paths;
}

bool is_own_checkpoint(const std::string& path) {
  return is_replaceable(path, file_marks::safetensors);
}

Found find_run(const std::string& directory) {
  Found found;
  const auto add = [&](const std::string& path, bool own) {
    if (is_there(path)) (own ? found.ours : found.foreign).push_back(path);
  };
  // First, so that a removal that is cut short leaves nothing that looks like a run to go on with.
  const std::string settings = path_in(directory, config);
  add(settings, is_own_config(settings) || is_replaceable(settings, "{\n  \"fovea\": \""));  // torn
  for (const std::int64_t step : checkpoint_steps(directory)) {
    const std::string path = path_in(directory, checkpoint(step));
    add(path, is_own_checkpoint(path));
  }
  for (const OwnFile& file : own_files) {
    const std::string path = path_in(directory, file.name);
    add(path, is_replaceable(path, file.mark));
  }
  for (const char* name : reports) {
    const std::string path = path_in(directory, name);
    add(path, is_replaceable(path, report_mark(name)));
  }
  for (const std::string& path : event_files(directory)) add(path, true);
  return found;
}

bool has_run(const std::string& directory) {
  if (is_own_config(path_in(directory, config))) return true;
  const std::vector<std::int64_t> steps = checkpoint_steps(directory);
  return std::any_of(steps.begin(), steps.end(), [&](std::int64_t step) {
    return is_own_checkpoint(path_in(directory, checkpoint(step)));
  });
}

void remove_run(const std::string& directory) {
  for (const std::string& path : find_run(directory).ours) {
    std::error_code error;
    fs::remove(path, error);
    require(!error, path, ": cannot be removed: ", error.message());
  }
  std::error_code ignored;  // it may hold something else
  fs::remove(fs::path(path_in(directory, frames)).parent_path(), ignored);
}

}  // namespace fovea::run_files
