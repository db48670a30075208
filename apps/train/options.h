// Everything that `train` can be told, the defaults that depend on each other, and its text form.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "apps/train/data.h"
#include "core/attributes.h"
#include "data/augment.h"

namespace fovea {

/// Options of a training run. What is not set follows from the optimiser: see resolve().
struct TrainOptions {
  DataOptions data;
  std::string model = "tutorial";
  std::vector<std::string> model_options;  ///< of the network: "NAME=VALUE"
  std::string out, resume, init;           ///< folders and a file; empty: none
  int epochs = 20, batch = 64;
  int validation = 0;  ///< training images held out to choose the best epoch
  std::uint64_t seed = 1;
  int threads = 0;  ///< 0: one for each CPU

  std::string optimizer = "adamw";  ///< adamw, adam, rmsprop, sgd
  std::optional<double> lr;         ///< highest one of the schedule
  double momentum = 0, dampening = 0;
  bool nesterov = false;
  std::optional<double> weight_decay;
  std::array<double, 2> betas = {0.9, 0.999};
  double eps = 1e-8;
  bool amsgrad = false;  ///< of adam, adamw
  double alpha = 0.99;   ///< of rmsprop, as centered
  bool centered = false;
  std::optional<double> lr_loc_scale;    ///< times lr: the localisation networks'
  double clip_norm = 0, clip_value = 0;  ///< 0: no clipping
  double label_smoothing = 0;
  double warp_penalty = 0, bending_penalty = 0;  ///< see Learner

  std::optional<std::string> schedule;         ///< a name of schedule_kinds()
  int warmup = 0;                              ///< steps of linear warm-up before it
  int decay_every = 10;                        ///< epochs between two steps of schedule `step`
  double gamma = 0.1;                          ///< factor of a decay; of `exponential` each epoch
  std::string milestones;                      ///< epochs of the decays of `multi-step`: "10,15"
  int restart_every = 10, restart_growth = 1;  ///< of `cosine-restarts`: epochs, and their factor
  int patience = 2, cooldown = 0;              ///< of `plateau`: epochs
  double threshold = 1e-4;                     ///< of `plateau`: share of the loss
  double min_lr = 0;                           ///< of `cosine`, `cosine-restarts`, `plateau`
  bool cycle_momentum = true;                  ///< one-cycle moves momentum or beta1, too

  std::optional<bool> augment;  ///< the default amounts of what follows
  std::optional<double> shift, rotate, scale, shear, elastic, erase;
  bool flip = false;
  std::string fill = "auto";  ///< value outside of the image: auto or a number

  int log_every = 100;       ///< batches
  int checkpoint_every = 0;  ///< steps; 0: at the end of each epoch only
  int keep = 2;              ///< checkpoints
  int early_stop = 0;        ///< epochs without a better one on validation images; 0: never
  bool tensorboard = false, quiet = false, allow_non_finite = false, overwrite = false;

  Augmentation augmentation() const;  ///< after resolve()
};

/// Sets what is unset: sgd means the tutorial's recipe (lr 0.01, constant, no augmentation, no
/// decay, one rate for all); the others mean a quarter of the rate for localisation networks,
/// one-cycle and light augmentation, but for distorted images, adam and adamw lr 0.004, adamw
/// decay 0.01.
/// Throws UsageError, naming the option, for a value out of range or names that do not exist.
void resolve(TrainOptions& options);

/// The options of the network options.model with those of options.model_options set. Throws
/// UsageError for names or values that do not exist.
Attributes network_options(const TrainOptions& options);

/// The value outside of images with this mean and stddev (one a channel): the number given or, by
/// `auto`, 0 for sgd and colour images (whose channels differ), else black as it is after
/// normalisation.
double fill_value(const TrainOptions& options, const std::vector<float>& mean,
                  const std::vector<float>& stddev);

/// JSON of every option under its long name: {"epochs": 20, ...}, `indent` spaces (-1: one line).
std::string options_text(const TrainOptions& options, int indent = -1);

/// "adamw, lr 0.004 (one-cycle), shift 2, rotate 10, ..., batch 64, 20 epochs, seed 1"; after
/// resolve().
std::string recipe(const TrainOptions& options, double fill);

/// The options of a run that is resumed: those `stored` by options_text() with what was `given`
/// now by name in `now`. Throws Error for one that may not change: all but those that leave the
/// weights as they are, and --epochs when the schedule does not depend on it.
TrainOptions resumed_options(const std::string& stored, const TrainOptions& now,
                             const std::set<std::string>& given);

}  // namespace fovea
