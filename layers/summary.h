// A network in words: the tree of its modules, and a table of what they do to an input.
#pragma once

#include <string>

#include "layers/module.h"

namespace fovea {

/// The nested listing that people know from PyTorch: names, options, one module a line.
std::string architecture(const Module& module);

/// A table of every module that runs, in that order: name, description, output shape, own
/// parameters. The rows sum to the total in the last line: parameters of modules that did not run
/// have rows too. Runs one tile of zeros of the shape of one sample through the module.
std::string summary(const Module& module, const Shape& input_shape);

}  // namespace fovea
