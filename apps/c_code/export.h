// Networks as plain C99: one file with weights and forward pass, for where no runtime is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "apps/networks/model.h"
#include "core/trace.h"

namespace fovea {

/// How a model is written as C.
struct CExportOptions {
  bool int8 = false;  ///< weights of convolutions and linear layers in eight bits, a scale for each
                      ///< output channel
};

/// The C source of `model`. It defines
///
///     void fovea_predict(const float *pixels, float *log_probabilities);
///
/// for pixels [C, H, W] from 0 to 255, which it normalises itself, and says in its first lines what
/// the sizes are and what classes mean. Needs math.h and stddef.h only, and compiles without a word
/// under -std=c99 -Wall -Wextra -pedantic. The same model gives the same text. Leaves the network
/// in evaluation mode. Throws Error for an operation or option that is not known in C, naming it
/// and the module it ran in, and for weights that are not finite.
std::string c_source(const Model& model, const CExportOptions& options = {});

/// Writes c_source() to `path`, whole or not at all.
void export_c(const std::string& path, const Model& model, const CExportOptions& options = {});

/// Rounds the weights that `int8` packs to what they become so: evaluated then, the model is as
/// accurate as its C code.
void round_to_int8(const Model& model);

}  // namespace fovea
