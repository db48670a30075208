// The files of a run's folder (train --out DIR): who writes a run and who reads it agree here.
//
// config.json        {"fovea": version, "started": "2026-11-22T18:40:00Z", "command": argv joined,
//                     "options": {"model": "tutorial", "epochs": 20, ...: every option of train
//                      under its long name, resolved}, "data": {"name", "directory" ("" for
//                      synthetic digits), "synthetic", "train", "validation", "test" (images used
//                      of each), "distortion" ("": none),
//                      "image_shape": [C, H, W], "class_names", "mean", "stddev"},
//                     "model": {"name", "parameters", "architecture", "fill"},
//                     "build": {"compiler", "arch", "flags"}, "machine": {"threads", "cpus",
//                     "blas", "ranks" where there are several}}
// log.jsonl          one object a line:
//                    {"kind": "step", "epoch", "step", "loss", "accuracy", "lr",
//                     "samples_per_second", "grad_norm", "theta_deviation"}, every --log-every
//                     steps; of several ranks also "compute_ms", "wait_ms" (for the slowest rank)
//                     and "communication_ms" of a step, means since the line before
//                    {"kind": "epoch", "epoch", "step", "train_loss", "train_accuracy",
//                     "test_loss", "test_accuracy" or, with --validation, "validation_loss",
//                     "validation_accuracy", "lr", "samples_per_second", "seconds" and, with a
//                     transformer, means and, as "..._spread", standard deviations of its region
//                     over 256 of those images: "theta_rotation", "theta_slant" (degrees),
//                     "theta_size", "theta_shift_x", "theta_shift_y" (pixels), "theta_mirrored"
//                     (share), "theta_bend" (pixels) and "theta_outside" (share); further
//                     transformers' are "theta2_rotation"... and in log.jsonl alone}
//                    Epochs count from 1, steps are updates made so far; accuracies are 0 to 1;
//                    seconds are of the whole run; theta_deviation is mean |theta - identity|, null
//                    without a transformer.
// log.csv            the same, with a head; cells that do not apply are empty.
// best.safetensors   the result: with --validation the weights of the epoch with the fewest errors
//                    on held-out images so far (of as few, the lowest loss), else of the last one;
//                    last.safetensors: the newest.
// checkpoint-N...    weights, optimiser state, counters and options after N steps (checkpoint.h).
// frames/theta.jsonl about 40 moments of training, geometrically spaced from step 0 to the end:
//                    {"step", "epoch" (fraction of epochs done), "indices": [16 of the test set],
//                     "theta": [16][6] (of several transformers one behind the other; empty without
//                     one), "predicted": [16], "probability": [16]}
// confusion.json     best.safetensors on the test images, at the end: {"class_names", "matrix": N *
// N counts,
//                    row-major [true][predicted], "loss", "correct", "total", "mistakes": the 24
//                    surest wrong answers, worst first: {"index" in the test set, "label",
//                    "predicted", "probability"}, "calibration": ten of {"count", "correct",
//                    "probability": mean}, the answers by tenths of their probability}
// reports            what write_run_report() makes of all that: report.html, pictures and curves.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fovea::run_files {

inline constexpr const char* config = "config.json";
inline constexpr const char* log_csv = "log.csv";
inline constexpr const char* log_jsonl = "log.jsonl";
inline constexpr const char* best_weights = "best.safetensors";
inline constexpr const char* last_weights = "last.safetensors";
inline constexpr const char* frames = "frames/theta.jsonl";
inline constexpr const char* confusion = "confusion.json";
inline constexpr const char* report = "report.html";
// TensorBoard's name for them, and what tells ours from those of other programs.
inline constexpr const char* events_prefix = "events.out.tfevents.";
inline constexpr const char* events_suffix = ".fovea";

/// Every file that a report may consist of: written through report_path() alone, so that
/// remove_run() knows them.
inline constexpr const char* reports[] = {
    report,          "loss.svg",        "step-loss.svg",   "error.svg",         "gradient-norm.svg",
    "theta.svg",     "theta-size.svg",  "theta-shift.svg", "theta-outside.svg", "learning-rate.svg",
    "confusion.svg", "calibration.svg", "class-means.png", "before-after.png",  "mistakes.png",
    "training.gif",  "accuracy.svg"};  // the last: of earlier versions

/// Test images that frames and pictures show.
inline constexpr int frame_images = 16;
/// Mistakes that confusion.json lists, at most.
inline constexpr int listed_mistakes = 24;

std::string path_in(const std::string& directory, const std::string& name);

/// The path of one of `reports`; Error for another name.
std::string report_path(const std::string& directory, const std::string& name);

/// "checkpoint-STEP.safetensors", and the steps of all in a folder, most first.
std::string checkpoint(std::int64_t step);
std::vector<std::int64_t> checkpoint_steps(const std::string& directory);

/// Whether `directory` holds a run: the config.json of one, or checkpoints.
bool has_run(const std::string& directory);

/// Paths of the files of a run that are in `directory`: those that this program made, told by their
/// content, and those that bear such a name but are of somebody else. The latter may neither be
/// written over nor deleted.
struct Found {
  std::vector<std::string> ours, foreign;
};
Found find_run(const std::string& directory);

/// Whether `path`, that of a checkpoint, was written by this program (and perhaps damaged since).
bool is_own_checkpoint(const std::string& path);

/// Paths of the files of a run for TensorBoard, oldest first.
std::vector<std::string> event_files(const std::string& directory);

/// Deletes what find_run() calls ours, and nothing else.
void remove_run(const std::string& directory);

}  // namespace fovea::run_files
