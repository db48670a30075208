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

// Multiply-adds of vectors go two a cycle; what the kernels reach of that, and the other constants,
// were fitted on a Zen 5 (AVX-512) for the layers of the tutorial network and of cifar-deep.
constexpr double direct_share = 0.87, product_share = 0.95;
constexpr double transform_cycles = 6;  // a value of a tile, into it or out of it
constexpr double transpose_cycles = 5;  // a vector
// Fewer pairs of channels gain little; the small networks keep the direct sums, and their bits.
constexpr int fewest_channel_pairs = 512;

double winograd_cost(ConvPass pass, const ConvGeometry& g, const WinogradForm& form, int padding) {
  const bool back = pass == ConvPass::input_grad;
  const int height = back ? g.height - 2 * padding : g.out_h;
  const int width = back ? g.width - 2 * padding : g.out_w;
  const auto along = [&](int extent) { return (extent + form.outputs - 1) / form.outputs; };
  const double tiles = along(height) * along(width), values = form.values();
  double cycles = values * g.in * g.out * tiles / 2 / product_share;
  cycles += transform_cycles * values * (g.in + g.out) * tiles;
  if (pass == ConvPass::weight_grad) {
    const int vectors = (g.in + native_width - 1) / native_width;
    cycles = values * vectors * native_width * g.out * tiles / 2 / product_share +
             transform_cycles * values * (g.in + g.out) * tiles +
             transpose_cycles * values * vectors * native_width * tiles +
             4 * values * vectors * g.out / natives_a_lanes;
  }
  return cycles * natives_a_lanes;
}

}  // namespace

ConvWay set_conv_way(ConvWay way) {
  return std::exchange(current_way(), way);
}

double direct_cost(ConvPass, const ConvGeometry& g) {
  return static_cast<double>(g.taps()) * g.out * g.positions() * natives_a_lanes / 2 / direct_share;
}

std::optional<WinogradChoice> winograd_choice(ConvPass pass, const ConvGeometry& g, int padding) {
  WinogradForm forms[2];
  const int count = has_long_sums(g) ? 0 : winograd_forms(g, forms);
  const ConvWay way = current_way();
  if (way == ConvWay::costs && g.in * g.out < fewest_channel_pairs) return std::nullopt;
  if (way == ConvWay::direct || (pass == ConvPass::input_grad && padding >= g.kernel_h))
    return std::nullopt;
  std::optional<WinogradChoice> best;
  for (int i = 0; i < count; ++i) {
    const double cost = winograd_cost(pass, g, forms[i], padding);
    if (!best || cost < best->cost) best = {forms[i], cost};
  }
  if (best && way == ConvWay::costs && best->cost >= direct_cost(pass, g)) return std::nullopt;
  return best;
}

}  // namespace fovea
