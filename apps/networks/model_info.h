// ModelInfo as text beside the weights, and how it is guessed when there is none.
#pragma once

#include <map>
#include <string>

#include "apps/networks/model.h"
#include "core/error.h"

namespace fovea {

/// Metadata entries of weight files: the version of this layout, and the model as JSON.
inline constexpr const char* format_key = "fovea.format";
inline constexpr const char* model_key = "fovea.model";
inline constexpr int format_version = 1;

/// A file in a format that only a newer program knows.
class NewerVersion : public Error {
 public:
  using Error::Error;
};

/// Tensors of this prefix in a checkpoint are the optimiser's, not the model's.
inline constexpr const char* optimizer_prefix = "optimizer.";

/// Adds format_key and model_key.
void write_model_info(const ModelInfo& info, std::map<std::string, std::string>& metadata);

/// What write_model_info() left, or, for files from elsewhere (PyTorch), widths and input size from
/// the shapes, fill 0 and the normalisation of MNIST (CIFAR-10 for three channels). Throws Error
/// naming `file`: a newer version, metadata that is damaged, tensors of another network.
ModelInfo read_model_info(const SafeTensors& weights, const std::string& file);

/// Throws Error naming both if the file was written in a newer format than this program knows.
void require_known_format(const SafeTensors& weights, const std::string& file);

/// load_model() of a file that has been read already.
Model model_from(const SafeTensors& weights, const std::string& file,
                 bool allow_non_finite = false);

}  // namespace fovea
