#include "apps/report/animation.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "apps/report/before_after.h"
#include "apps/report/markup.h"
#include "apps/shell/json.h"
#include "core/error.h"

namespace fovea {

namespace {

// JSON writes what is not finite as null.
template <class Number>
Number number_or_nan(const Json& value) {
  return value.is_null() ? std::numeric_limits<Number>::quiet_NaN() : value.get<Number>();
}

TrainingFrame frame_from(const Json& line) {
  TrainingFrame frame;
  frame.step = line.at("step");
  frame.epoch = line.at("epoch");
  frame.indices = line.at("indices").get<std::vector<int>>();
  frame.predicted = line.at("predicted").get<std::vector<int>>();
  for (const auto& value : line.at("probability"))
    frame.probability.push_back(number_or_nan<double>(value));
  for (const auto& row : line.at("theta")) {
    Theta theta;
    for (std::size_t k = 0; k < theta.size(); ++k) theta[k] = number_or_nan<float>(row.at(k));
    frame.thetas.push_back(theta);
  }
  return frame;
}

std::string caption(const Model& model, int label, int predicted, double probability) {
  const std::string truth = class_name(model, label);
  if (label == predicted) return truth;
  const std::string percent =
      std::isfinite(probability) ? cat(" (", std::lround(100 * probability), "%)") : "";
  return cat(truth, " → ", class_name(model, predicted), percent);
}

Image draw(const Model& model, const Dataset& test, const TrainingFrame& frame,
           const ContactSheetOptions& options) {
  const std::vector<std::uint8_t> pixels = gather(test, frame.indices);
  const std::vector<Image> warped = warp(model, pixels, frame.thetas);
  std::vector<SampleView> views;
  for (std::size_t i = 0; i < warped.size(); ++i) {
    const int label = test.labels[static_cast<std::size_t>(frame.indices[i])];
    views.push_back(
        {.before = to_image(test.image(frame.indices[i]), test.image_shape),
         .after = warped[i],
         .region = sampled_region(frame.thetas[i], test.image_shape[2], test.image_shape[1]),
         .caption = caption(model, label, frame.predicted[i], frame.probability[i]),
         .wrong = label != frame.predicted[i]});
  }
  ContactSheetOptions o = options;
  o.title = cat("step ", grouped(frame.step), " · epoch ", fixed(frame.epoch, 1));
  return contact_sheet(views, o);
}

}  // namespace

std::vector<TrainingFrame> read_frames(const std::string& path) {
  std::vector<TrainingFrame> frames;
  for_each_json_line(path, [&](const Json& line) {
    TrainingFrame frame = frame_from(line);
    if (frame.thetas.empty()) return;
    const std::size_t count = frame.indices.size();
    require(frame.thetas.size() == count && frame.predicted.size() == count &&
                frame.probability.size() == count,
            path, ": step ", frame.step, " has lists of different lengths; remove that line");
    frames.push_back(std::move(frame));
  });
  return frames;
}

GifWriter training_animation(const Model& model, const Dataset& test,
                             const std::vector<TrainingFrame>& frames) {
  require(!frames.empty(), "animation: there are no frames");
  require_fitting(model, test);
  ContactSheetOptions options = sheet_options(test.image_shape);
  // An animation is a large file: smaller pictures, fewer colours.
  options.scale = std::max(1, options.scale / 2);
  options.text_scale = 1;
  GifWriter gif(32);
  for (const TrainingFrame& frame : frames)
    gif.add(draw(model, test, frame, options), &frame == &frames.back() ? 3000 : 220);
  return gif;
}

}  // namespace fovea
