#include "optim/plateau.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace fovea {

ReduceOnPlateau::ReduceOnPlateau(const PlateauOptions& options) : options_(options) {
  const auto require_value = [](const char* option, double value) {
    require(value >= 0 && std::isfinite(value), "[plateau] ", option,
            " must be a finite number, zero or more, got ", value);
  };
  require_value("lr", options.lr), require_value("factor", options.factor);
  require_value("patience", options.patience), require_value("threshold", options.threshold);
  require_value("cooldown", options.cooldown), require_value("min_lr", options.min_lr);
  require_value("eps", options.eps);
  require(options.factor < 1, "[plateau] factor must be less than 1, got ", options.factor);
  state_.lr = options.lr;
}

void ReduceOnPlateau::step(double value) {
  State& s = state_;
  // The infinite best of the beginning times (1 - a threshold above 1) would be below everything.
  const bool better =
      std::isinf(s.best) ? value < s.best : value < s.best * (1 - options_.threshold);
  if (better) s.best = value;
  s.bad = better ? 0 : s.bad + 1;
  if (s.cooldown > 0) --s.cooldown, s.bad = 0;
  if (s.bad <= options_.patience) return;
  const double lr = std::max(s.lr * options_.factor, options_.min_lr);
  if (s.lr - lr > options_.eps) s.lr = lr;
  s.cooldown = options_.cooldown, s.bad = 0;
}

void ReduceOnPlateau::restore(const State& state) {
  require(state.lr >= 0 && std::isfinite(state.lr) && !std::isnan(state.best) && state.bad >= 0 &&
              state.cooldown >= 0,
          "[plateau] not a state to go on from: lr ", state.lr, ", best ", state.best, ", ",
          state.bad, " bad values, cooldown ", state.cooldown);
  state_ = state;
}

}  // namespace fovea
