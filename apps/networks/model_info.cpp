#include "apps/networks/model_info.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>

#include "apps/shell/json.h"
#include "core/error.h"

namespace fovea {

namespace {

// One list of the network's numbers for both directions.
template <class Options, class Visit>
void visit_widths(Options& o, Visit visit) {
  visit("classes", o.classes);
  visit("localization1", o.localization1);
  visit("localization2", o.localization2);
  visit("localization_fc", o.localization_fc);
  visit("conv1", o.conv1);
  visit("conv2", o.conv2);
  visit("fc", o.fc);
}

// Widths beyond this are damage, and would take all memory before the shapes are compared.
constexpr int largest_width = 65536;

void check_info(const ModelInfo& info) {
  const StnOptions& o = info.network;
  require(o.input.rank() == 3 && o.input[0] > 0 && o.input[0] <= 1024 && o.input[1] <= 4096 &&
              o.input[2] <= 4096,
          "input shape ", o.input);
  visit_widths(o, [](const char* name, int value) {
    require(value > 0 && value <= largest_width, name, " is ", value);
  });
  require(o.blocks.size() <= 4, "there are ", o.blocks.size(),
          " blocks");  // 24 pixels halve 4 times
  for (const int channels : o.blocks)
    require(channels > 0 && channels <= largest_width, "a block has ", channels, " channels");
  const std::size_t channels = static_cast<std::size_t>(o.input[0]);
  require(info.mean.size() == channels && info.stddev.size() == channels,
          "mean and stddev need one value a channel");
  for (std::size_t c = 0; c < channels; ++c)
    require(std::isfinite(info.mean[c]) && info.stddev[c] > 0 && std::isfinite(info.stddev[c]),
            "mean ", info.mean[c], ", stddev ", info.stddev[c]);
  require(std::isfinite(o.fill), "fill is not finite");
  require(static_cast<int>(info.class_names.size()) == o.classes, info.class_names.size(),
          " class names for ", o.classes, " classes");
}

ModelInfo parse_info(const std::string& text) {
  const Json json = parse_json(text);
  ModelInfo info;
  StnOptions& o = info.network;
  info.name = json.at("name").get<std::string>();
  o.input = {};
  require(json.at("input").size() == 3, "input needs three extents");
  for (const Json& extent : json.at("input")) o.input.append(extent.get<int>());
  visit_widths(o, [&](const char* name, int& value) { value = json.at(name).get<int>(); });
  o.blocks = json.value("blocks", std::vector<int>{});
  o.transformer = json.at("transformer").get<bool>();
  o.fill = json.at("fill").get<Real>();
  info.mean = json.at("mean").get<std::vector<float>>();
  info.stddev = json.at("stddev").get<std::vector<float>>();
  info.class_names = json.at("class_names").get<std::vector<std::string>>();
  check_info(info);
  return info;
}

const Shape& shape_of(const SafeTensors& weights, std::string_view name, int rank,
                      const std::string& file) {
  const SafeTensor* tensor = weights.find(name);
  require(tensor, file, ": tensor ", name, " is missing; expected the names of the tutorial's ",
          "network: conv1, conv2, fc1, fc2, localization.0, localization.3, fc_loc.0, fc_loc.2");
  require(tensor->shape.rank() == rank, file, ": tensor ", name, " has the shape ", tensor->shape,
          ", expected ", rank, " dimensions");
  for (const int extent : tensor->shape)
    require(extent > 0 && extent <= 1 << 24, file, ": tensor ", name, " has the shape ",
            tensor->shape);
  return tensor->shape;
}

// Features that a square image of `side` pixels leaves behind two convolutions with pooling.
int features(int side, int kernel1, int kernel2, int channels) {
  const int once = (side - kernel1 + 1) / 2, twice = (once - kernel2 + 1) / 2;
  return channels * twice * twice;
}

// Several sizes may give the same shapes; the usual ones come first.
int guess_side(const StnOptions& o, int fc_features, int localization_features,
               const std::string& file) {
  auto fits = [&](int side) {
    return features(side, 5, 5, o.conv2) == fc_features &&
           (!o.transformer || features(side, 7, 5, o.localization2) == localization_features);
  };
  if (fits(28)) return 28;
  if (fits(32)) return 32;
  for (int side = 24; side <= 1024; ++side)
    if (fits(side)) return side;
  fail(file, ": no square image gives the ", fc_features, " inputs of fc1.weight");
}

ModelInfo guess_info(const SafeTensors& weights, const std::string& file) {
  ModelInfo info;
  StnOptions& o = info.network;
  const Shape& conv1 = shape_of(weights, "conv1.weight", 4, file);
  const Shape& fc1 = shape_of(weights, "fc1.weight", 2, file);
  o.conv1 = conv1[0];
  o.conv2 = shape_of(weights, "conv2.weight", 4, file)[0];
  o.fc = fc1[0];
  o.classes = shape_of(weights, "fc2.weight", 2, file)[0];
  o.transformer = weights.find("localization.0.weight") != nullptr;
  int localization_features = 0;
  if (o.transformer) {
    const Shape& fc_loc = shape_of(weights, "fc_loc.0.weight", 2, file);
    o.localization1 = shape_of(weights, "localization.0.weight", 4, file)[0];
    o.localization2 = shape_of(weights, "localization.3.weight", 4, file)[0];
    o.localization_fc = fc_loc[0];
    localization_features = fc_loc[1];
  }
  const int side = guess_side(o, fc1[1], localization_features, file);
  o.input = {conv1[1], side, side};
  info.name = conv1[1] == 3 ? "cifar" : "tutorial";
  if (!o.transformer) info.name += "-cnn";
  if (conv1[1] == 3) {
    info.mean = {0.4914f, 0.4822f, 0.4465f};
    info.stddev = {0.2470f, 0.2435f, 0.2616f};
  } else {
    info.mean.assign(static_cast<std::size_t>(conv1[1]), 0.1307f);
    info.stddev.assign(static_cast<std::size_t>(conv1[1]), 0.3081f);
  }
  for (int i = 0; i < o.classes; ++i) info.class_names.push_back(std::to_string(i));
  return info;
}

}  // namespace

void write_model_info(const ModelInfo& info, std::map<std::string, std::string>& metadata) {
  const StnOptions& o = info.network;
  Json json = {{"name", info.name},
               {"input", {o.input[0], o.input[1], o.input[2]}},
               {"transformer", o.transformer},
               {"fill", o.fill},
               {"mean", info.mean},
               {"stddev", info.stddev},
               {"class_names", info.class_names}};
  visit_widths(o, [&](const char* name, int value) { json[name] = value; });
  if (!o.blocks.empty()) json["blocks"] = o.blocks;
  metadata[format_key] = std::to_string(format_version);
  metadata[model_key] = dump_json(json);
}

void require_known_format(const SafeTensors& weights, const std::string& file) {
  const auto found = weights.metadata.find(format_key);
  if (found == weights.metadata.end()) return;
  const std::string& text = found->second;
  require(
      !text.empty() && text.size() < 7 && text.find_first_not_of("0123456789") == std::string::npos,
      file, ": its format version is '", text.substr(0, 40), "', which is not a number");
  const int version = std::stoi(text);
  require(version <= format_version, file, ": written in format version ", version,
          ", but this program knows version ", format_version, " at most; use a newer Fovea");
}

ModelInfo read_model_info(const SafeTensors& weights, const std::string& file) {
  require_known_format(weights, file);
  const auto found = weights.metadata.find(model_key);
  if (found == weights.metadata.end()) return guess_info(weights, file);
  try {
    return parse_info(found->second);
  } catch (const Json::exception& error) {
    fail(file, ": damaged description of the model: ", error.what());
  } catch (const Error& error) {
    fail(file, ": damaged description of the model: ", error.what());
  }
}

}  // namespace fovea
