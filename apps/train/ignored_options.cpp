#include "apps/train/ignored_options.h"

#include <algorithm>
#include <vector>

#include "apps/networks/inspect.h"
#include "apps/shell/usage_error.h"

namespace fovea {

namespace {

struct Owned {
  const char* option;
  std::vector<std::string> owners;
};

const Owned of_schedules[] = {{"decay-every", {"step"}},
                              {"gamma", {"step", "multi-step", "exponential", "plateau"}},
                              {"milestones", {"multi-step"}},
                              {"restart-every", {"cosine-restarts"}},
                              {"restart-growth", {"cosine-restarts"}},
                              {"patience", {"plateau"}},
                              {"cooldown", {"plateau"}},
                              {"threshold", {"plateau"}},
                              {"min-lr", {"cosine", "cosine-restarts", "plateau"}},
                              {"cycle-momentum", {"one-cycle"}}};

const Owned of_optimizers[] = {{"betas", {"adam", "adamw"}},
                               {"amsgrad", {"adam", "adamw"}},
                               {"eps", {"adam", "adamw", "rmsprop"}},
                               {"momentum", {"sgd", "rmsprop"}},
                               {"alpha", {"rmsprop"}},
                               {"centered", {"rmsprop"}},
                               {"dampening", {"sgd"}},
                               {"nesterov", {"sgd"}}};

void check(const Owned& owned, const char* kind, const std::string& chosen,
           const std::set<std::string>& given) {
  if (!given.contains(owned.option)) return;
  std::string names;
  for (const std::string& owner : owned.owners) {
    if (owner == chosen) return;
    names += (names.empty() ? "" : &owner == &owned.owners.back() ? " and " : ", ") + owner;
  }
  throw UsageError(cat("--", owned.option, " is an option of ", kind, " ", names, ", not of ",
                       chosen, "; leave it out"));
}

}  // namespace

void refuse_ignored(const TrainOptions& o, const std::set<std::string>& given) {
  for (const Owned& owned : of_schedules) check(owned, "--schedule", *o.schedule, given);
  for (const Owned& owned : of_optimizers) check(owned, "--optimizer", o.optimizer, given);
  for (const char* name : {"overwrite", "keep", "checkpoint-every", "tensorboard"})
    require_usage(!given.contains(name) || !o.out.empty(), "--", name,
                  " is about the folder of a run; give one with --out DIR");
  require_usage(!given.contains("allow-non-finite") || !o.init.empty(),
                "--allow-non-finite is about weights that are loaded; name them with --init FILE");
}

void refuse_ignored(const Model& model, const std::set<std::string>& given) {
  const std::vector<Stage> stages = transformer_stages(model);
  for (const char* name : {"lr-loc-scale", "warp-penalty", "bending-penalty"})
    require_usage(!given.contains(name) || !stages.empty(), "--", name, " is about transformers; ",
                  model.info.name, " has none");
  require_usage(!given.contains("bending-penalty") ||
                    std::any_of(stages.begin(), stages.end(),
                                [](const Stage& s) { return s.transformer->warp().bends(); }),
                "--bending-penalty is about warps that bend, tps and flow; choose one with "
                "--model-option warp=NAME");
}

}  // namespace fovea
