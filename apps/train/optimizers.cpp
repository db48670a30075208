#include "apps/train/optimizers.h"

#include "apps/shell/suggest.h"
#include "apps/train/options.h"
#include "optim/adam.h"
#include "optim/rmsprop.h"
#include "optim/sgd.h"

namespace fovea {

namespace {

using Groups = std::vector<ParameterGroup>;

std::unique_ptr<Optimizer> make_sgd(Groups groups, const TrainOptions& o) {
  return std::make_unique<Sgd>(std::move(groups), SgdOptions{.lr = *o.lr,
                                                             .momentum = o.momentum,
                                                             .dampening = o.dampening,
                                                             .weight_decay = *o.weight_decay,
                                                             .nesterov = o.nesterov});
}

template <class Kind, class Options>
std::unique_ptr<Optimizer> make_adam(Groups groups, const TrainOptions& o) {
  return std::make_unique<Kind>(std::move(groups), Options{.lr = *o.lr,
                                                           .betas = o.betas,
                                                           .eps = o.eps,
                                                           .weight_decay = *o.weight_decay,
                                                           .amsgrad = o.amsgrad});
}

std::unique_ptr<Optimizer> make_rmsprop(Groups groups, const TrainOptions& o) {
  return std::make_unique<RmsProp>(std::move(groups),
                                   RmsPropOptions{.lr = *o.lr,
                                                  .alpha = o.alpha,
                                                  .eps = o.eps,
                                                  .weight_decay = *o.weight_decay,
                                                  .momentum = o.momentum,
                                                  .centered = o.centered});
}

}  // namespace

const std::vector<OptimizerKind>& optimizer_kinds() {
  static const std::vector<OptimizerKind> kinds = {
      {"adamw", 0.004, 0.01, false, false, make_adam<AdamW, AdamWOptions>},
      {"adam", 0.004, 0, false, false, make_adam<Adam, AdamOptions>},
      {"rmsprop", 0.001, 0, true, false, make_rmsprop},
      {"sgd", 0.01, 0, true, true, make_sgd},
  };
  return kinds;
}

const OptimizerKind& find_optimizer(const std::string& name) {
  std::vector<std::string> names;
  for (const OptimizerKind& kind : optimizer_kinds()) {
    if (kind.name == name) return kind;
    names.push_back(kind.name);
  }
  throw_unknown("--optimizer", name, names);
}

}  // namespace fovea
