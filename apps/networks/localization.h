// The localisation network of PyTorch's spatial-transformer tutorial, which several networks share.
#pragma once

#include "apps/networks/network.h"
#include "layers/sequential.h"
#include "layers/spatial_transformer.h"

namespace fovea {

/// Extent after a convolution without padding and a 2x2 pooling.
int after_conv_pool(int extent, int kernel);

/// The options that it reads from a network's, with the tutorial's widths: "localization1",
/// "localization2" (channels of its convolutions), "localization_fc", "transformer" (false: none,
/// the control), "fill" (value outside of the image), "warp" (make_warp) and "steps" (how often the
/// transformer looks).
Attributes localization_options();

/// Convolutions 7x7 and 5x5, each with pooling and ReLU, and two linear layers; its parameters are
/// named localization.N and fc_loc.N, as PyTorch's tutorial names them. Starts at the identity.
class LocalizedTransformer {
 public:
  /// Error: images too small for it.
  LocalizedTransformer(const NetworkSpec& spec, Random& rng);

  Sequential localization, fc_loc;
  SpatialTransformer transformer;
};

}  // namespace fovea
