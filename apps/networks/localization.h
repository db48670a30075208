// The localisation network of PyTorch's spatial-transformer tutorial, which several networks share.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "apps/networks/network.h"
#include "layers/sequential.h"
#include "layers/spatial_transformer.h"

namespace fovea {

/// Extent after a convolution without padding and a 2x2 pooling.
int after_conv_pool(int extent, int kernel);

/// The options that it reads from a network's, with the tutorial's widths: "localization1",
/// "localization2" (channels of its convolutions), "localization_fc", "transformer" (false: none,
/// the control), "warp" (make_warp), "steps" (how often the transformer looks), and those of
/// sampler_of().
Attributes localization_options();

/// What the options say of the sampler: "sampler" (bilinear, nearest, bicubic), "padding" (zeros,
/// border, reflection) and, where there is one, "fill" (value outside of the image, with padding
/// zeros). Error: another name.
GridSampleOptions sampler_of(const Attributes& options);

/// Convolutions 7x7 and 5x5, each with pooling and ReLU, and two linear layers; its parameters are
/// named localization.N and fc_loc.N, as PyTorch's tutorial names them. Starts at the identity.
/// Where the options say "transformer" = false it has no modules, and gives back what it gets.
class LocalizedTransformer {
 public:
  /// Error: images too small for it.
  LocalizedTransformer(const NetworkSpec& spec, Random& rng);

  /// Name and module of each, for the network around it to add.
  std::vector<std::pair<std::string, Module*>> modules();
  Tensor operator()(const Tensor& x) const { return transformer_ ? (*transformer_)(x) : x; }

 private:
  Sequential localization_, fc_loc_;
  std::optional<SpatialTransformer> transformer_;
};

}  // namespace fovea
