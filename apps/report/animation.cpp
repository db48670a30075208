#include "apps/report/animation.h"

#include "apps/networks/evaluate.h"
#include "apps/networks/inspect.h"
#include "apps/report/before_after.h"
#include "apps/shell/numbers.h"
#include "core/error.h"

namespace fovea {

namespace {

// One list of thetas a transformer, from those one behind the other.
std::vector<Theta> split(const std::vector<Real>& joined, const std::vector<Stage>& stages) {
  std::vector<Theta> out;
  auto at = joined.begin();
  for (const Stage& stage : stages) {
    const int size = stage.transformer->warp().theta_size();
    require(joined.end() - at >= size, "animation: a frame has ", joined.size(),
            " numbers for an image, too few for the transformers of this network");
    out.emplace_back(at, at + size);
    at += size;
  }
  require(at == joined.end(), "animation: a frame has ", joined.size(),
          " numbers for an image, too many for the transformers of this network");
  return out;
}

Image draw(const Model& model, const Dataset& test, const TrainingFrame& frame,
           const ContactSheetOptions& options) {
  const std::vector<Stage> stages = transformer_stages(model);
  std::vector<std::vector<Theta>> thetas;
  for (const auto& joined : frame.thetas) thetas.push_back(split(joined, stages));
  std::vector<SampleView> cards = sample_views(model, gather(test, frame.indices), thetas);
  for (std::size_t i = 0; i < cards.size(); ++i) {
    const int label = test.labels[static_cast<std::size_t>(frame.indices[i])];
    cards[i].caption = caption(model, label, frame.predicted[i], frame.probability[i]);
    cards[i].wrong = label != frame.predicted[i];
  }
  ContactSheetOptions o = options;
  o.title = cat("step ", grouped(frame.step), " · epoch ", fixed(frame.epoch, 1));
  return contact_sheet(cards, o);
}

}  // namespace

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
