#include "apps/train/start_model.h"

#include <algorithm>

#include "apps/networks/model_info.h"
#include "core/safetensors.h"
#include "layers/weights.h"

namespace fovea {

namespace {

// What a pixel holds: single precision.
Attribute fill_option(double value) {
  return {"fill", static_cast<double>(static_cast<Real>(value))};
}

}  // namespace

bool sets_fill(const TrainOptions& options) {
  return std::any_of(options.model_options.begin(), options.model_options.end(),
                     [](const std::string& text) { return text.starts_with("fill="); });
}

Model start_model(const TrainOptions& options, const DataSplit& data) {
  // As the network sees them: distorted, if at all.
  ModelInfo info = describe_model(options.model, data.test.image_shape, data.test.class_names);
  info.options = network_options(options);
  info.mean = data.test.mean;
  info.stddev = data.test.stddev;
  info.style = measure_style(data.train);
  info.distortion = chosen_distortion(options.data.distortion);
  const bool fills = info.options.find("fill") && !sets_fill(options);
  if (fills) info.options.set(fill_option(fill_value(options, info.mean, info.stddev)));
  if (options.init.empty()) return make_model(std::move(info), options.seed);

  const SafeTensors weights = read_weights(options.init);
  require_known_format(weights, options.init);
  // Weights were trained with a value outside of the image; PyTorch's with 0.
  if (options.fill == "auto" && fills) {
    const bool ours = weights.metadata.count(model_key) != 0;
    const Attributes before = ours ? read_model_info(weights, options.init).options : Attributes();
    info.options.set(fill_option(before.find("fill") ? before.number("fill") : 0));
  }
  Model model = make_model(std::move(info), options.seed);
  load_model_weights(*model.network, weights, options.init, options.allow_non_finite);
  return model;
}

}  // namespace fovea
