#include "layers/kernels/conv_choice.h"

#include <cstdlib>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "layers/kernels/conv2d_kernels.h"

namespace fovea {

namespace {

// FOVEA_CONV=direct|winograd|auto, for experiments.
ConvWay way_of_environment() {
  const char* text = std::getenv("FOVEA_CONV");
  const std::string_view way = text ? text : "";
  require(way.empty() || way == "auto" || way == "direct" || way == "winograd",
          "FOVEA_CONV takes auto, direct or winograd, got '", way, "'");
  return way == "direct" ? ConvWay::direct : way == "winograd" ? ConvWay::winograd : ConvWay::costs;
}

ConvWay& current_way() {
  static ConvWay way = way_of_environment();
  return way;
}

// Smaller convolutions, in multiply-adds a sample, are trained by direct sums, although Winograd's
// would make the tutorial network some 15% faster: ten steps of Adam then follow PyTorch's to 6e-5
// (2e-3 otherwise: Adam turns rounding of tiny gradients into whole steps). Evaluation has no such
// reason.
constexpr double least_trained = 5e5;

}  // namespace

ConvWay set_conv_way(ConvWay way) {
  return std::exchange(current_way(), way);
}

std::optional<WinogradChoice> winograd_choice(ConvPass pass, const ConvGeometry& g, bool trained) {
  WinogradForm forms[2];
  const int count = has_long_sums(g) ? 0 : winograd_forms(g, forms);
  const ConvWay way = current_way();
  const double multiply_adds = 1.0 * g.taps() * g.out * g.positions();
  if (way == ConvWay::costs && trained && multiply_adds < least_trained) return std::nullopt;
  if (way == ConvWay::direct) return std::nullopt;
  std::optional<WinogradChoice> best;
  for (int i = 0; i < count; ++i) {
    const double cost = winograd_cost(pass, g, forms[i]);
    if (!best || cost < best->cost) best = {forms[i], cost};
  }
  if (best && way == ConvWay::costs && best->cost >= direct_cost(pass, g)) return std::nullopt;
  return best;
}

WinogradGrads winograd_grads_choice(const ConvGeometry& g, bool of_weights, bool of_input) {
  const auto form = [&](bool wanted, ConvPass pass) -> std::optional<WinogradForm> {
    const auto choice = wanted ? winograd_choice(pass, g) : std::nullopt;
    return choice ? std::optional(choice->form) : std::nullopt;
  };
  return {form(of_weights, ConvPass::weight_grad), form(of_input, ConvPass::input_grad)};
}

}  // namespace fovea
