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
/// the control), "warp" (make_warp), "steps" (how often the transformer looks), and those of
/// sampler_of().
Attributes localization_options();

/// What the options say of the sampler: "sampler" (bilinear, nearest, bicubic), "padding" (zeros,
/// border, reflection) and, where there is one, "fill" (value outside of the image, with padding
/// zeros). Error: another name.
GridSampleOptions sampler_of(const Attributes& options);

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
