// A learning rate that falls when training no longer gets better.
#pragma once

#include <limits>

namespace fovea {

struct PlateauOptions {
  double lr;                ///< at the start
  double factor = 0.1;      ///< of one reduction, below 1
  int patience = 10;        ///< values without improvement that are let pass
  double threshold = 1e-4;  ///< an improvement is one below best * (1 - threshold)
  int cooldown = 0;         ///< values after a reduction that do not count as bad
  double min_lr = 0;
  double eps = 1e-8;  ///< smaller reductions are not made
};

/// torch.optim.lr_scheduler.ReduceLROnPlateau in mode "min" with a relative threshold. Unlike a
/// Schedule it depends on what was measured, so it has a state to be saved.
class ReduceOnPlateau {
 public:
  /// Error: rates, counts or threshold negative, NaN or infinite, factor not below 1.
  explicit ReduceOnPlateau(const PlateauOptions& options);

  double learning_rate() const { return state_.lr; }
  /// Takes note of a value that should fall, such as the loss of an epoch on data not trained on.
  /// NaN is no improvement.
  void step(double value);

  struct State {
    double lr = 0;
    double best = std::numeric_limits<double>::infinity();
    int bad = 0;       ///< values in a row without improvement
    int cooldown = 0;  ///< values that do not count, still
  };
  const State& state() const { return state_; }
  /// Goes on from there. Error: no state that a run leaves behind.
  void restore(const State& state);

 private:
  PlateauOptions options_;
  State state_;
};

}  // namespace fovea
