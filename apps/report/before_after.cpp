#include "apps/report/before_after.h"

#include <algorithm>
#include <numeric>

#include "core/error.h"

namespace fovea {

void require_fitting(const Model& model, const Dataset& dataset) {
  require(dataset.image_shape == model.info.network.input, dataset.name, ": has images ",
          dataset.image_shape, ", but the network takes ", model.info.network.input,
          "; name the data set it was trained on with --data");
}

ContactSheetOptions sheet_options(const Shape& image_shape) {
  const int side = std::max({1, image_shape[1], image_shape[2]});
  const int scale = std::max(1, 112 / side);
  return {.columns = side <= 48 ? 4 : 2,
          .scale = scale,
          .margin = std::min(256, side * 2 / 7),  // transformers like to look beyond the edge
          .text_scale = side * scale >= 90 ? 2 : 1};
}

Image before_after_sheet(const Model& model, const Dataset& dataset, std::span<const int> indices,
                         const ContactSheetOptions& options) {
  require_fitting(model, dataset);
  const std::vector<Inspection> seen = inspect(model, gather(dataset, indices));
  std::vector<SampleView> views;
  for (std::size_t i = 0; i < seen.size(); ++i)
    views.push_back(
        sample_view(model, seen[i], dataset.labels[static_cast<std::size_t>(indices[i])]));
  ContactSheetOptions o = options;
  o.columns = std::min(o.columns, std::max(1, static_cast<int>(views.size())));
  if (!model.network->options().transformer)
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
