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
/// the control), "warp" (make_warp), "fill", and those of transform_options().
Attributes localization_options();

/// The options that say how a transformer samples, with their defaults: "sampler" (bilinear,
/// nearest, bicubic), "padding" (zeros, border, reflection), "steps" (how often it looks),
/// "output" (pixels a side of what it makes; 0: as its input) and "antialias" (an output smaller
/// than its input is averaged, SpatialTransformOptions).
Attributes transform_options();

/// What they say, and "fill" (value outside of the image, with padding zeros) where there is one.
/// Error: a name or size that there is not.
SpatialTransformOptions transform_of(const Attributes& options);

/// What a transformer of these options makes of `input`, [C, H, W]; the same without one.
Shape transformed(const Shape& input, const Attributes& options);

/// Convolutions 7x7 and 5x5, each with pooling and ReLU, and two linear layers; its parameters are
/// named localization.N and fc_loc.N, as PyTorch's tutorial names them. Starts at the identity.
/// Where the options say "transformer" = false it has no modules, and gives back what it gets; else
/// transformed() of the network's input.
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
