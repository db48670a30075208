#include "apps/networks/model.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "apps/networks/model_info.h"
#include "apps/shell/suggest.h"
#include "apps/shell/usage_error.h"
#include "core/random.h"

namespace fovea {

namespace {

// At most a few names, so that the message stays one readable line.
std::string list_names(const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t i = 0; i < std::min<std::size_t>(names.size(), 8); ++i)
    out += (i ? ", " : "") + names[i];
  if (names.size() > 8) out += cat(" and ", names.size() - 8, " more");
  return out;
}

Tensor copy_of(const std::string& file, const std::string& name, const SafeTensor& found,
               const Shape& wanted, bool allow_non_finite) {
  require(found.shape == wanted, file, ": tensor ", name, " has the shape ", found.shape,
          ", but the model needs ", wanted, "; is it a different --model?");
  const Tensor copy = Tensor::shared(wanted);
  for (std::size_t i = 0; i < found.values.size(); ++i) {
    require(allow_non_finite || std::isfinite(found.values[i]), file, ": tensor ", name, " holds ",
            static_cast<double>(found.values[i]), " at index ", i,
            "; train again, or use --allow-non-finite to load it anyhow");
    copy.data()[i] = static_cast<Real>(found.values[i]);
  }
  return copy;
}

}  // namespace

const std::vector<std::pair<std::string, std::string>>& model_names() {
  static const std::vector<std::pair<std::string, std::string>> names = {
      {"tutorial", "the spatial transformer of PyTorch's tutorial, 27,360 parameters on MNIST"},
      {"tutorial-x2", "the same with twice the width"},
      {"tutorial-x4", "the same with four times the width"},
      {"cifar", "the larger one for colour images, 1,585,008 parameters on CIFAR-10"},
      {"cifar-deep", "a deeper classifier of six 3x3 convolutions behind a smaller transformer"},
      {"tutorial-cnn", "control: the classifier of tutorial without a transformer"},
      {"cifar-cnn", "control: the classifier of cifar without a transformer"},
      {"cifar-deep-cnn", "control: the classifier of cifar-deep without a transformer"},
  };
  return names;
}

StnOptions model_options(const std::string& name, const Shape& image_shape, int classes) {
  StnOptions options;
  if (name == "tutorial-x2") options = options.scaled(2);
  if (name == "tutorial-x4") options = options.scaled(4);
  if (name.starts_with("cifar"))
    options = {.localization1 = 64,
               .localization2 = 128,
               .localization_fc = 256,
               .conv1 = 16,
               .conv2 = 32,
               .fc = 1024};
  if (name.starts_with("cifar-deep"))
    options = {.localization1 = 16,
               .localization2 = 32,
               .localization_fc = 64,
               .blocks = {32, 64, 128},
               .fc = 256};
  options.transformer = !name.ends_with("-cnn");
  options.input = image_shape;
  options.classes = classes;

  std::vector<std::string> names;
  for (const auto& [known, description] : model_names()) names.push_back(known);
  if (std::find(names.begin(), names.end(), name) == names.end())
    throw UsageError(cat("--model '", name, "' does not exist", did_you_mean(name, names),
                         " (it takes ", list_names(names), ")"));
  return options;
}

Model make_model(ModelInfo info, std::uint64_t seed) {
  // A stream of its own: initial weights do not follow the order of the images.
  Random rng(mix(seed, 0x696e6974));
  auto network = std::make_unique<StnNetwork>(info.network, rng);
  return {std::move(info), std::move(network)};
}

void load_weights(StnNetwork& network, const SafeTensors& weights, const std::string& file,
                  bool allow_non_finite) {
  const std::vector<NamedTensor> parameters = network.named_parameters();
  std::set<std::string> known;
  std::vector<std::string> missing, unknown;
  for (const NamedTensor& parameter : parameters) {
    known.insert(parameter.name);
    if (!weights.find(parameter.name)) missing.push_back(parameter.name);
  }
  for (const auto& [name, tensor] : weights.tensors)
    if (!known.count(name) && !name.starts_with(optimizer_prefix)) unknown.push_back(name);
  if (!missing.empty() || !unknown.empty())
    fail(file,
         ": does not fit the model:", missing.empty() ? "" : cat(" missing ", list_names(missing)),
         !missing.empty() && !unknown.empty() ? ";" : "",
         unknown.empty() ? "" : cat(" unknown ", list_names(unknown)));

  std::vector<Tensor> values;
  for (const NamedTensor& parameter : parameters)
    values.push_back(copy_of(file, parameter.name, *weights.find(parameter.name),
                             parameter.tensor.shape(), allow_non_finite));
  for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i].tensor.copy_from(values[i]);
}

Model load_model(const std::string& file, bool allow_non_finite) {
  return model_from(read_safetensors(file), file, allow_non_finite);
}

Model model_from(const SafeTensors& weights, const std::string& file, bool allow_non_finite) {
  Model model = make_model(read_model_info(weights, file), 0);
  load_weights(*model.network, weights, file, allow_non_finite);
  model.network->eval();
  return model;
}

SafeTensors model_tensors(const Model& model, const std::map<std::string, std::string>& more) {
  SafeTensors out;
  for (const NamedTensor& parameter : model.network->named_parameters()) {
    SafeTensor tensor{parameter.tensor.shape(), {}};
    for (const Real value : parameter.tensor.values())
      tensor.values.push_back(static_cast<float>(value));
    out.tensors.emplace_back(parameter.name, std::move(tensor));
  }
  out.metadata = more;
  write_model_info(model.info, out.metadata);
  return out;
}

void save_model(const std::string& file, const Model& model,
                const std::map<std::string, std::string>& more) {
  write_safetensors(file, model_tensors(model, more));
}

}  // namespace fovea
