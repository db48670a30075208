// Which way a convolution is computed: the one place that decides, by what each way costs. A pure
// function of the sizes (and of FOVEA_CONV), so every run decides alike.
#pragma once

#include <optional>

#include "layers/kernels/winograd.h"

namespace fovea {

/// What winograd_choice() may choose: `costs` decides. FOVEA_CONV=auto|direct|winograd says it for
/// a process; this, which returns what was before, for tests and measurements, while nothing runs.
enum class ConvWay { costs, direct, winograd };
ConvWay set_conv_way(ConvWay way);

enum class ConvPass { forward, input_grad, weight_grad };

/// Cycles of a tile of sixteen samples, about, for the direct kernels.
double direct_cost(ConvPass pass, const ConvGeometry& g);

/// The form that is cheaper than the direct kernels, if one is, and what it costs. None for kernels
/// that there are no forms for. `padding`: of
/// the input gradient, see winograd_input_grad().
struct WinogradChoice {
  WinogradForm form;
  double cost;
};
std::optional<WinogradChoice> winograd_choice(ConvPass pass, const ConvGeometry& g,
                                              int padding = 0);

}  // namespace fovea
