#include "apps/report/before_after.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "apps/networks/evaluate.h"
#include "apps/shell/numbers.h"
#include "core/error.h"
#include "data/distort.h"

namespace fovea {

std::vector<SampleView> sample_views(const Model& model, std::span<const std::uint8_t> pixels,
                                     std::span<const std::vector<Theta>> thetas) {
  const auto stages = transformer_stages(model);
  auto shown = views(model, stages, pixels, thetas);
  const auto length = static_cast<std::size_t>(model.info.input.size());
  std::vector<SampleView> out(shown.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i].before = to_image(pixels.subspan(i * length, length), model.info.input);
    out[i].after = std::move(shown[i]);
    if (stages.empty()) out[i].after.push_back({out[i].before, {}});
  }
  return out;
}

std::string short_class_name(const Model& model, int index) {
  constexpr int most = 32;
  const std::string name = printable(class_name(model, index));
  return fit_text(name, most * text_width("x"));
}

std::string percent_text(double probability) {
  if (!std::isfinite(probability)) return "";
  if (probability >= 1) return "100%";
  if (probability >= 0.9999) return ">99.99%";
  // Rounded down: only what is certain is 100%.
  if (probability >= 0.995) return fixed(std::floor(1e4 * probability) / 100, 2) + "%";
  return probability < 0.005 && probability > 0 ? "<1%" : cat(std::lround(100 * probability), "%");
}

std::string caption(const Model& model, int label, int answer, double probability) {
  if (label == answer) return short_class_name(model, label);
  const std::string percent = percent_text(probability);
  const std::string answered =
      short_class_name(model, answer) + (percent.empty() ? "" : cat(" (", percent, ")"));
  return label < 0 ? answered : cat(short_class_name(model, label), " → ", answered);
}

int region_margin(std::span<const SampleView> views) {
  constexpr int least = 2;
  double margin = least;
  int most = least;
  for (const SampleView& view : views) {
    const Image& image = view.before;
    most = std::clamp(std::max(image.width, image.height), least, 256);
    for (const StageView& stage : view.after)
      for (const auto& [x, y] : stage.outline)
        for (const double beyond : {-x, -y, x - image.width, y - image.height})
          if (std::isfinite(beyond)) margin = std::max(margin, beyond + 1);
  }
  return static_cast<int>(std::min<double>(std::ceil(margin), most));
}

std::vector<SampleView> answered_views(const Model& model, std::span<const std::uint8_t> pixels,
                                       std::span<const Inspection> seen,
                                       std::span<const std::int32_t> labels) {
  std::vector<std::vector<Theta>> thetas;
  for (const Inspection& s : seen) thetas.push_back(s.thetas);
  std::vector<SampleView> out = sample_views(model, pixels, thetas);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int label = labels.empty() ? -1 : labels[i];
    out[i].caption = caption(model, label, seen[i].ranked[0], seen[i].probability());
    out[i].wrong = label >= 0 && label != seen[i].ranked[0];
  }
  return out;
}

std::vector<SampleView> distortion_views(const Dataset& base, const std::string& distortion,
                                         int start, int count) {
  const auto maker = make_distortion(distortion, base);
  const Shape shape = maker->image_shape();
  const auto plane = static_cast<std::size_t>(shape.size() / shape[0]);
  const std::vector<std::string> names = maker->class_names();
  std::vector<SampleView> out(static_cast<std::size_t>(count));
  const auto channels = static_cast<std::size_t>(base.image_shape[0]);
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(shape.size())), placed = pixels;
  for (int i = 0; i < count; ++i) {
    SampleView& view = out[static_cast<std::size_t>(i)];
    const int index = start + i;
    const std::int32_t label =
        (*maker)(base.image(index).data(), base.labels[static_cast<std::size_t>(index)],
                 distortion_stream(1, index), pixels.data());
    // On the same canvas, so that both have one scale.
    maker->place(base.image(index).data(), placed.data());
    view.before = to_image(std::span(placed).first(plane * channels),
                           {base.image_shape[0], shape[1], shape[2]});
    if (shape[0] == base.image_shape[0]) {
      view.after.push_back({to_image(pixels, shape), {}});
    } else {
      for (std::size_t c = 0; c < static_cast<std::size_t>(shape[0]); ++c)
        view.after.push_back(
            {to_image(std::span(pixels).subspan(c * plane, plane), {1, shape[1], shape[2]}), {}});
    }
    view.caption = names[static_cast<std::size_t>(label)];
  }
  return out;
}

ContactSheetOptions sheet_options(const Shape& image_shape) {
  const int side = std::max({1, image_shape[1], image_shape[2]});
  return {.columns = side <= 48 ? 4 : 2,
          .most_side = 1400,
          .scale = std::max(1, 168 / side),
          .margin = std::max(2, side / 2),
          .text_scale = 2};
}

Image before_after_sheet(const Model& model, const Dataset& dataset, std::span<const int> indices,
                         const ContactSheetOptions& options) {
  require_fitting(model, dataset);
  const std::vector<std::uint8_t> pixels = gather(dataset, indices);
  std::vector<std::int32_t> labels;
  for (const int i : indices) labels.push_back(dataset.labels[static_cast<std::size_t>(i)]);
  const std::vector<SampleView> views =
      answered_views(model, pixels, inspect(model, pixels), labels);
  ContactSheetOptions o = options;
  const int margin = region_margin(views);
  o.margin = std::min(margin, options.margin);
  o.legend = outline_legend(views);
  if (o.margin < margin) o.legend += " · what is farther out is not shown";
  o.columns = std::min(o.columns, std::max(1, static_cast<int>(views.size())));
  for (const Stage& stage : transformer_stages(model))
    if (!stage.of_image)
      o.legend = "outline: what a transformer of feature maps samples, shown on the image";
  if (spatial_transformers(*model.network).empty())
    o.legend = "this network has no transformer: it sees its input as it is";
  return contact_sheet(views, o);
}

std::vector<int> wrong_answers(const Model& model, const Dataset& dataset, int begin, int count) {
  require_fitting(model, dataset);
  constexpr int at_once = 512;
  std::vector<int> wrong;
  for (int first = begin; first < dataset.size(); first += at_once) {
    std::vector<int> indices(static_cast<std::size_t>(std::min(at_once, dataset.size() - first)));
    std::iota(indices.begin(), indices.end(), first);
    const std::vector<Inspection> seen = inspect(model, gather(dataset, indices));
    for (std::size_t i = 0; i < seen.size(); ++i) {
      if (static_cast<int>(wrong.size()) == count) return wrong;
      if (seen[i].ranked[0] != dataset.labels[static_cast<std::size_t>(indices[i])])
        wrong.push_back(indices[i]);
    }
  }
  return wrong;
}

}  // namespace fovea
