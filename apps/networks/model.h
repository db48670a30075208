// A network together with what it needs to be used: how images are normalised, what classes mean.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "apps/networks/stn_network.h"
#include "core/safetensors.h"

namespace fovea {

/// What is saved beside the weights, as safetensors metadata.
struct ModelInfo {
  std::string name = "tutorial";  ///< --model: see model_names()
  StnOptions network;
  std::vector<float> mean{0.1307f}, stddev{0.3081f};  ///< one a channel
  std::vector<std::string> class_names;
};

struct Model {
  ModelInfo info;
  std::unique_ptr<StnNetwork> network;
};

/// The names that --model takes, with a line of description each: tutorial (the default),
/// tutorial-x2, tutorial-x4, cifar, and the controls without a transformer, tutorial-cnn and
/// cifar-cnn.
const std::vector<std::pair<std::string, std::string>>& model_names();

/// The widths of a named model for images of this shape. Throws UsageError, with the nearest name,
/// for an unknown one.
StnOptions model_options(const std::string& name, const Shape& image_shape, int classes);

/// A freshly initialised model.
Model make_model(ModelInfo info, std::uint64_t seed);

/// Copies tensors by name into the network; all of them must be there, with the right shapes and
/// finite values (unless allowed), and no others; otherwise throws Error and changes nothing.
void load_weights(StnNetwork& network, const SafeTensors& weights, const std::string& file,
                  bool allow_non_finite = false);

/// Reads weights saved by save_model() or by PyTorch; without metadata, widths and input size
/// follow from the shapes, and the normalisation is MNIST's (CIFAR-10's for three channels).
Model load_model(const std::string& file, bool allow_non_finite = false);

/// The network's parameters under PyTorch's names, with the model's metadata and `more`.
SafeTensors model_tensors(const Model& model, const std::map<std::string, std::string>& more = {});
void save_model(const std::string& file, const Model& model,
                const std::map<std::string, std::string>& more = {});

}  // namespace fovea
