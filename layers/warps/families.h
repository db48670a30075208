// The families by name.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "layers/warp.h"

namespace fovea {

/// A family by its name(): what a program's options and the files of weights say. Throws Error,
/// listing them, for another name.
std::shared_ptr<const Warp> make_warp(const std::string& name);

/// All names, in order of their freedom.
std::vector<std::string> warp_names();

}  // namespace fovea
