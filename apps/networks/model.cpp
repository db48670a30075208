#include "apps/networks/model.h"

#include "apps/networks/model_info.h"
#include "core/random.h"
#include "layers/weights.h"

namespace fovea {

ModelInfo describe_model(const std::string& name, const Shape& input,
                         std::vector<std::string> class_names) {
  return {.name = name,
          .input = input,
          .options = find_network(name).options,
          .class_names = std::move(class_names),
          .style = {}};
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

void load_model_weights(const Module& network, const SafeTensors& weights, const std::string& file,
                        bool allow_non_finite) {
  load_weights(network, weights, file,
               {.allow_non_finite = allow_non_finite, .ignored_prefix = optimizer_prefix});
}

Model load_model(const std::string& file, bool allow_non_finite) {
  return model_from(read_weights(file), file, allow_non_finite);
}

Model model_from(const SafeTensors& weights, const std::string& file, bool allow_non_finite) {
  Model model;
  ModelInfo info = read_model_info(weights, file);
  std::int64_t numbers = 0;
  for (const auto& [name, tensor] : weights.tensors)
    if (!name.starts_with(optimizer_prefix)) numbers += tensor.shape.size();
  try {
    const ParameterLimit limit(numbers);  // a description may claim anything
    model = make_model(std::move(info), 0);
  } catch (const Error& error) {
    fail(file, ": damaged description of the model: ", error.what());
  }
  load_model_weights(*model.network, weights, file, allow_non_finite);
  model.network->eval();
  return model;
}

SafeTensors model_tensors(const Model& model, const std::map<std::string, std::string>& more) {
  SafeTensors out = weights_of(*model.network);
  out.metadata = more;
  write_model_info(model.info, out.metadata);
  return out;
}

void save_model(const std::string& file, const Model& model,
                const std::map<std::string, std::string>& more) {
  write_safetensors(file, model_tensors(model, more));
}

}  // namespace fovea
