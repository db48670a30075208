// Which way a convolution is computed: the one place that decides, by what each way costs. A pure
// function of the sizes (and of FOVEA_CONV), so every run decides alike.
#pragma once

#include <optional>

#include "layers/kernels/conv_costs.h"

namespace fovea {

/// What winograd_choice() may choose: `costs` decides. FOVEA_CONV=auto|direct|winograd says it for
/// a process; this, which returns what was before, for tests and measurements, while nothing runs.
enum class ConvWay { costs, direct, winograd };
ConvWay set_conv_way(ConvWay way);

/// The form that is cheaper than the direct kernels, if one is, and what it costs. None for kernels
/// that there are no forms for. `trained`: whether gradients follow the pass, or it computes them.
struct WinogradChoice {
  WinogradForm form;
  double cost;
};
std::optional<WinogradChoice> winograd_choice(ConvPass pass, const ConvGeometry& g,
                                              bool trained = true);

/// What Winograd's kernels do of a backward pass, of the gradients that are wanted.
struct WinogradGrads {
  std::optional<WinogradForm> of_weights, of_input;

  /// run(form, of weights, of input): both at once where they take the same form.
  template <class Run>
  void for_each_form(const Run& run) const {
    const bool both = of_weights && of_weights == of_input;
    if (of_weights) run(*of_weights, true, both);
    if (of_input && !both) run(*of_input, false, true);
  }
};
WinogradGrads winograd_grads_choice(const ConvGeometry& g, bool of_weights, bool of_input);

}  // namespace fovea
