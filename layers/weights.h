// The parameters of a module as a file, under PyTorch's names.
#pragma once

#include <string>

#include "core/safetensors.h"
#include "layers/module.h"

namespace fovea {

/// All parameters, in order of registration.
SafeTensors weights_of(const Module& module);

struct LoadOptions {
  bool allow_non_finite = false;
  std::string ignored_prefix = {};  ///< tensors whose names begin so are something else
};

/// Copies tensors by name into the parameters; all of them must be there, with the right shapes and
/// finite values (unless allowed), and no others; otherwise throws Error, naming `file`, and
/// changes nothing.
void load_weights(const Module& module, const SafeTensors& weights, const std::string& file,
                  const LoadOptions& options = {});

/// read_safetensors(), and the names as the network itself has them: without what PyTorch's
/// DataParallel ("module." before all) and torch.compile ("_orig_mod." anywhere) put there.
/// Throws Error if two names become the same.
SafeTensors read_weights(const std::string& path);

/// A safetensors file of weights_of(), written whole or not at all; and back.
void save_weights(const std::string& path, const Module& module);
void load_weights(const std::string& path, const Module& module);

}  // namespace fovea
