#include "apps/train/prepare.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "apps/networks/network.h"
#include "apps/run/config.h"
#include "apps/run/files.h"
#include "apps/shell/console.h"
#include "apps/shell/json.h"
#include "apps/shell/outputs.h"
#include "apps/shell/usage_error.h"
#include "apps/train/ignored_options.h"
#include "apps/train/start_model.h"
#include "core/error.h"

namespace fovea {

namespace {

// Nothing of others is written over, and nothing of ours without --overwrite.
void check_folder(const TrainOptions& options, bool goes_on) {
  const run_files::Found found = run_files::find_run(options.out);
  for (const std::string& path : found.foreign)
    // A checkpoint that is damaged beyond recognition is set aside when its step comes again.
    if (!goes_on || !std::filesystem::path(path).filename().string().starts_with("checkpoint-"))
      fail(path,
           ": was not made by this program, and training would write over it; move it away "
           "or choose another --out");
  for (const std::string& path : found.ours)
    require(goes_on || !is_same_file(path, options.init), options.init,
            ": --init reads it, and --overwrite would delete it; choose another --out, or copy the "
            "file");
  if (goes_on || options.overwrite || found.ours.empty()) return;
  require(!run_files::has_run(options.out), options.out, ": holds a run already",
          run_files::checkpoint_steps(options.out).empty()
              ? " (stopped before its first checkpoint)"
              : "",
          "; go on with it by --resume ", options.out,
          ", replace it with --overwrite, or choose another --out");
  fail(found.ours[0],
       ": is left of an earlier run; replace it with --overwrite, or choose another "
       "--out");
}

// The options of a run that was stopped before its first checkpoint.
TrainOptions options_to_start_over(const TrainOptions& options,
                                   const std::set<std::string>& given) {
  const RunConfig config = read_config(run_files::path_in(options.resume, run_files::config));
  TrainOptions again = resumed_options(dump_json(config.options), options, given);
  again.resume.clear();
  warn(cat(options.resume, ": was stopped before its first checkpoint; starting it over as its ",
           run_files::config, " says"));
  return again;
}

}  // namespace

Start prepare(TrainOptions options, const std::set<std::string>& given, bool writes) {
  Start start;
  const bool goes_on = !options.resume.empty();
  require_usage(!goes_on || !given.contains("overwrite"),
                "--resume goes on with a run and --overwrite would replace it; leave one out");
  if (goes_on) {
    const std::string folder = options.resume;
    require_usage(options.out.empty() || options.out == options.resume, "--resume ", options.resume,
                  " goes on in that folder; leave --out away");
    require(std::filesystem::is_directory(options.resume), options.resume,
            ": is not a folder; --resume takes the --out folder of a run");
    if (writes) start.lock = std::make_unique<DirectoryLock>(options.resume);
    if (run_files::checkpoint_steps(options.resume).empty() && run_files::has_run(options.resume)) {
      options = options_to_start_over(options, given);
    } else {
      start.checkpoint = read_newest_checkpoint(options.resume);
      options = resumed_options(start.checkpoint->options, options, given);
    }
    if (!given.contains("data")) options.data = data_of_run(folder, options.data);
  }
  resolve(options);
  if (!goes_on) refuse_ignored(options, given);
  const Attributes network = network_options(options);  // tells of unknown names
  // Runs of older versions may hold a value that their network did not read.
  if (options.fill != "auto" && !goes_on) require_network_option(options.model, network, "fill");
  require_usage(options.fill == "auto" || !sets_fill(options),
                "--fill and --model-option fill=X exclude each other; leave one out");
  if (!writes) options.out.clear();
  if (!options.out.empty()) {
    start.folder = std::make_unique<OutputDirectory>(options.out);
    if (!start.lock) start.lock = std::make_unique<DirectoryLock>(options.out);
    remove_stale_temporaries(options.out);
    check_folder(options, goes_on);
  }
  start.options = std::move(options);
  return start;
}

}  // namespace fovea
