// Which way a convolution is computed: the one place that decides, by what each way costs. A pure
// function of the sizes (and of FOVEA_CONV), so every run decides alike.
#pragma once

#include <optional>

#include "layers/kernels/winograd.h"

namespace fovea {

enum class ConvPass { forward, input_grad, weight_grad };

/// Cycles of a tile of sixteen samples, about, for the direct kernels.
double direct_cost(ConvPass pass, const ConvGeometry& g);

/// The form that is cheaper than the direct kernels, if one is, and what it costs. `padding`: of
/// the input gradient, see winograd_input_grad().
struct WinogradChoice {
  WinogradForm form;
  double cost;
};
std::optional<WinogradChoice> winograd_choice(ConvPass pass, const ConvGeometry& g,
                                              int padding = 0);

}  // namespace fovea
