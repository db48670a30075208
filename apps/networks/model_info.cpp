#include "apps/networks/model_info.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>

#include "apps/networks/localization.h"
#include "apps/shell/json.h"
#include "apps/shell/strict_json.h"
#include "core/error.h"

namespace fovea {

namespace {

void check_info(const ModelInfo& info) {
  require(info.input.rank() == 3 && info.input[0] > 0 && info.input[0] <= 1024 &&
              info.input[1] > 0 && info.input[1] <= 4096 && info.input[2] > 0 &&
              info.input[2] <= 4096,
          "input shape ", info.input);
  require(info.input.size() <= 1 << 22, "input shape ", info.input, ", more than 2^22 numbers");
  check_options(info.name, info.options);
  const std::size_t channels = static_cast<std::size_t>(info.input[0]);
  require(info.mean.size() == channels && info.stddev.size() == channels,
          "mean and stddev need one value a channel");
  for (std::size_t c = 0; c < channels; ++c)
    require(std::isfinite(info.mean[c]) && info.stddev[c] > 0 && std::isfinite(info.stddev[c]),
            "mean ", info.mean[c], ", stddev ", info.stddev[c]);
  require(info.classes() > 0 && info.classes() <= 65536, info.classes(), " class names");
}

Attribute::Value value_from(const Json& json, const Attribute& like) {
  return std::visit(
      [&](auto value) {
        read_strictly(json, like.name, value);
        return Attribute::Value(std::move(value));
      },
      like.value);
}

template <class T>
T value_at(const Json& json, const char* name) {
  T value{};
  require(json.contains(name), name, " is missing");
  read_strictly(json.at(name), name, value);
  return value;
}

Json to_json(const ImageStyle& s) {
  return {{"drawing", s.drawing},
          {"size", {s.width, s.height}},
          {"ground", s.ground},
          {"ink", s.ink},
          {"extent", {s.extent, s.least_extent, s.most_extent}},
          {"by_mass", s.by_mass},
          {"centre", {s.x, s.y}},
          {"range", {s.left, s.right, s.top, s.bottom}}};
}

// Of the images before they were distorted, if they were: what a picture is made like.
ImageStyle parse_style(const Json& json, const Shape& input, bool distorted) {
  ImageStyle s;
  s.drawing = value_at<bool>(json, "drawing");
  const auto size = value_at<std::array<int, 2>>(json, "size");
  s.width = size[0], s.height = size[1];
  s.ground = value_at<std::vector<int>>(json, "ground");
  s.ink = value_at<std::vector<int>>(json, "ink");
  s.by_mass = value_at<bool>(json, "by_mass");
  const auto numbers = [&](const char* key, std::initializer_list<float*> into) {
    std::size_t i = 0;
    for (float* value : into) {
      *value = json.at(key).at(i++).get<float>();
      require(std::isfinite(*value), "style: ", key, " is not finite");
    }
  };
  numbers("extent", {&s.extent, &s.least_extent, &s.most_extent});
  numbers("centre", {&s.x, &s.y});
  numbers("range", {&s.left, &s.right, &s.top, &s.bottom});
  const auto channels = static_cast<std::size_t>(input[0]);
  const bool fits =
      distorted ? s.width > 0 && s.width <= input[2] && s.height > 0 && s.height <= input[1] &&
                      !s.ground.empty() && channels % s.ground.size() == 0
                : s.width == input[2] && s.height == input[1] && s.ground.size() == channels;
  require(fits && s.ink.size() == s.ground.size() && s.extent >= 1 &&
              s.extent <= static_cast<float>(std::max(s.width, s.height)),
          "style of other images than the input");
  for (const auto& levels : {s.ground, s.ink})
    for (const int level : levels) require(level >= 0 && level <= 255, "style: level ", level);
  return s;
}

// The options stand beside the rest; one that a file does not have has its default.
ModelInfo parse_info(const std::string& text) {
  require(text.size() <= 1 << 24, "it has ", text.size(), " bytes, more than 2^24");
  const Json json = parse_json(text);
  ModelInfo info;
  require(json.is_object(), "it is no JSON object");
  info.name = value_at<std::string>(json, "name");
  const auto input = value_at<std::vector<int>>(json, "input");
  require(input.size() == 3, "input needs three extents");
  info.input = {input[0], input[1], input[2]};
  bool known = false;
  for (const NetworkKind& kind : networks()) known |= kind.name == info.name;
  require(known, "there is no network ", printable(info.name, 60), " in this program");
  for (Attribute option : find_network(info.name).options.all()) {
    if (json.contains(option.name)) option.value = value_from(json.at(option.name), option);
    info.options.set(std::move(option));
  }
  info.mean = value_at<std::vector<float>>(json, "mean");
  info.stddev = value_at<std::vector<float>>(json, "stddev");
  info.class_names = value_at<std::vector<std::string>>(json, "class_names");
  if (json.contains("classes")) {
    const int classes = value_at<int>(json, "classes");
    require(classes == info.classes(), info.classes(), " class names for ", classes, " classes");
  }
  if (json.contains("distortion")) info.distortion = value_at<std::string>(json, "distortion");
  if (json.contains("style"))
    info.style = parse_style(json.at("style"), info.input, !info.distortion.empty());
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
std::int64_t features(int side, int kernel1, int kernel2, std::int64_t channels) {
  const std::int64_t left = after_conv_pool(after_conv_pool(side, kernel1), kernel2);
  return channels * left * left;
}

// Several sizes may give the same shapes; the usual ones come first.
int guess_side(const ModelInfo& info, int fc_features, int localization_features,
               const std::string& file) {
  const int conv2 = static_cast<int>(info.options.integer("conv2"));
  const int localization2 = static_cast<int>(info.options.integer("localization2"));
  auto fits = [&](int side) {
    return features(side, 5, 5, conv2) == fc_features &&
           (!info.options.flag("transformer") ||
            features(side, 7, 5, localization2) == localization_features);
  };
  if (fits(28)) return 28;
  if (fits(32)) return 32;
  for (int side = 24; side <= 1024; ++side)
    if (fits(side)) return side;
  fail(file, ": no square image gives the ", fc_features, " inputs of fc1.weight");
}

// Weights of PyTorch's tutorial: the network follows from the shapes.
ModelInfo guess_info(const SafeTensors& weights, const std::string& file) {
  ModelInfo info;
  const Shape& conv1 = shape_of(weights, "conv1.weight", 4, file);
  const Shape& fc1 = shape_of(weights, "fc1.weight", 2, file);
  const bool transformer = weights.find("localization.0.weight") != nullptr;
  const bool colour = conv1[1] == 3;
  info.name = cat(colour ? "cifar" : "tutorial", transformer ? "" : "-cnn");
  info.options = find_network(info.name).options;
  info.options.set({"conv1", conv1[0]});
  info.options.set({"conv2", shape_of(weights, "conv2.weight", 4, file)[0]});
  info.options.set({"fc", fc1[0]});
  const int classes = shape_of(weights, "fc2.weight", 2, file)[0];
  int localization_features = 0;
  if (transformer) {
    const Shape& fc_loc = shape_of(weights, "fc_loc.0.weight", 2, file);
    info.options.set({"localization1", shape_of(weights, "localization.0.weight", 4, file)[0]});
    info.options.set({"localization2", shape_of(weights, "localization.3.weight", 4, file)[0]});
    info.options.set({"localization_fc", fc_loc[0]});
    localization_features = fc_loc[1];
  }
  const int side = guess_side(info, fc1[1], localization_features, file);
  info.input = {conv1[1], side, side};
  if (colour) {
    info.mean = {0.4914f, 0.4822f, 0.4465f};
    info.stddev = {0.2470f, 0.2435f, 0.2616f};
  } else {
    info.mean.assign(static_cast<std::size_t>(conv1[1]), 0.1307f);
    info.stddev.assign(static_cast<std::size_t>(conv1[1]), 0.3081f);
  }
  for (int i = 0; i < classes; ++i) info.class_names.push_back(std::to_string(i));
  return info;
}

}  // namespace

void write_model_info(const ModelInfo& info, std::map<std::string, std::string>& metadata) {
  Json json = {
      {"name", info.name},         {"input", {info.input[0], info.input[1], info.input[2]}},
      {"classes", info.classes()}, {"mean", info.mean},
      {"stddev", info.stddev},     {"class_names", info.class_names}};
  if (info.style) json["style"] = to_json(*info.style);
  if (!info.distortion.empty()) json["distortion"] = info.distortion;
  for (const Attribute& option : info.options.all())
    std::visit([&](const auto& value) { json[option.name] = value; }, option.value);
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
  if (version > format_version)
    throw NewerVersion(cat(file, ": written in format version ", version,
                           ", but this program knows version ", format_version,
                           " at most; use a newer Fovea"));
}

ModelInfo read_model_info(const SafeTensors& weights, const std::string& file) {
  require_known_format(weights, file);
  const auto found = weights.metadata.find(model_key);
  if (found == weights.metadata.end()) return guess_info(weights, file);
  try {
    return parse_info(found->second);
  } catch (const Json::exception& error) {
    fail(file, ": damaged description of the model: ", json_reason(error));
  } catch (const Error& error) {
    fail(file, ": damaged description of the model: ", error.what());
  }
}

}  // namespace fovea
