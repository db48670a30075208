// A network together with what it needs to be used: how images are normalised, what classes mean.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/networks/network.h"
#include "core/batch.h"
#include "core/safetensors.h"
#include "data/image_style.h"

namespace fovea {

/// What is saved beside the weights, as safetensors metadata.
struct ModelInfo {
  std::string name;                                   ///< in the table of networks
  Shape input;                                        ///< of one image, [C, H, W]
  Attributes options;                                 ///< of the network
  std::vector<float> mean{0.1307f}, stddev{0.3081f};  ///< one a channel; MNIST's
  std::vector<std::string> class_names;
  std::optional<ImageStyle> style;  ///< of the training images; older files do not know it
  std::string distortion = {};  ///< of the images it was trained on (data/distort.h); empty: none

  int classes() const { return static_cast<int>(class_names.size()); }
};

struct Model {
  ModelInfo info;
  std::unique_ptr<Module> network;
};

/// The network `name` with its default options, for such images.
ModelInfo describe_model(const std::string& name, const Shape& input,
                         std::vector<std::string> class_names);

/// Whole images [C, H, W] of the model's size, to be looked at without labels.
Batch batch_of(const ModelInfo& info, std::span<const std::uint8_t> pixels);

/// A freshly initialised model of the network info.name.
Model make_model(ModelInfo info, std::uint64_t seed);

/// load_weights() (layers/weights.h) of a file that may be a checkpoint.
void load_model_weights(const Module& network, const SafeTensors& weights, const std::string& file,
                        bool allow_non_finite = false);

/// Reads weights saved by save_model() or by PyTorch; without metadata, widths and input size
/// follow from the shapes, and the normalisation is MNIST's (CIFAR-10's for three channels).
Model load_model(const std::string& file, bool allow_non_finite = false);

/// The network's parameters under PyTorch's names, with the model's metadata and `more`.
SafeTensors model_tensors(const Model& model, const std::map<std::string, std::string>& more = {});
void save_model(const std::string& file, const Model& model,
                const std::map<std::string, std::string>& more = {});

}  // namespace fovea
