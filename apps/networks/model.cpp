#include "apps/networks/model.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "apps/networks/model_info.h"
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

ModelInfo describe_model(const std::string& name, const Shape& input,
                         std::vector<std::string> class_names) {
  return {.name = name,
          .input = input,
          .options = find_network(name).options,
          .class_names = std::move(class_names)};
}

Batch batch_of(const ModelInfo& info, std::span<const std::uint8_t> pixels) {
  const auto length = static_cast<std::size_t>(info.input.size());
  require(length > 0 && pixels.size() % length == 0, pixels.size(),
          " bytes are not whole images of shape ", info.input);
  Batch batch;
  batch.size = static_cast<int>(pixels.size() / length);
  batch.image_shape = info.input;
  batch.pixels = pixels;
  batch.mean = info.mean;
  batch.stddev = info.stddev;
  return batch;
}

Model make_model(ModelInfo info, std::uint64_t seed) {
  // A stream of its own: initial weights do not follow the order of the images.
  Random rng(mix(seed, 0x696e6974));
  const NetworkSpec spec{info.input, info.classes(), info.options};
  auto network = make_network(info.name, spec, rng);
  return {std::move(info), std::move(network)};
}

void load_weights(const Module& network, const SafeTensors& weights, const std::string& file,
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
  Model model;
  ModelInfo info = read_model_info(weights, file);
  try {
    model = make_model(std::move(info), 0);
  } catch (const Error& error) {
    fail(file, ": damaged description of the model: ", error.what());
  }
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
