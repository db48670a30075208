// The families by name.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "layers/warp.h"

namespace fovea {

/// A family by its name(): what a program's options and the files of weights say. Some take
/// arguments behind it, "tps:points=5,limit=0.3":
///   pose  scale, angle (degrees), shift: the bounds (2, 90, 1)
///   tps   points a side (4), limit of displacements (0: none)
///   flow  rows, columns of the field (28, 28), limit of displacements (0: none)
/// Throws Error, listing what there is, for another name or argument.
std::shared_ptr<const Warp> make_warp(const std::string& text);

/// All names without arguments, in order of their freedom.
std::vector<std::string> warp_names();

}  // namespace fovea
