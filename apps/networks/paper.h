// What networks for distorted digits share.
#pragma once

#include <functional>

#include "apps/networks/network.h"
#include "layers/sequential.h"
#include "layers/spatial_transformer.h"
#include "layers/warps/families.h"

namespace fovea {

/// The options that add_transformers() reads: "warp" (make_warp), "transformers" (how many),
/// "output" (side of what the classifier sees), "oversample" (times that side is what a transformer
/// puts out, averaged then against aliasing; 0: 2 where the image is larger than the output, else
/// 1) and "fill" (value outside of the image).
Attributes transformer_options();

using MakeFinder = std::function<std::unique_ptr<Module>(const Warp& warp)>;

/// Adds transformers, side by side if there are several, whose localisation networks `finder`
/// makes and which start at the identity; returns the shape of what they give. Error: options out
/// of range.
Shape add_transformers(Sequential& net, const NetworkSpec& spec, const MakeFinder& finder);

}  // namespace fovea
