#include "apps/report/animation.h"

#include <algorithm>

#include "apps/networks/evaluate.h"
#include "apps/networks/inspect.h"
#include "apps/report/before_after.h"
#include "apps/report/pose.h"
#include "apps/shell/numbers.h"
#include "core/error.h"

namespace fovea {

namespace {

std::vector<SampleView> cards_of(const Model& model, const Dataset& test,
                                 const TrainingFrame& frame) {
  const std::vector<Stage> stages = transformer_stages(model);
  std::vector<std::vector<Theta>> thetas;
  for (const auto& joined : frame.thetas) thetas.push_back(split_thetas(joined, stages));
  std::vector<SampleView> cards = sample_views(model, gather(test, frame.indices), thetas);
  for (std::size_t i = 0; i < cards.size(); ++i) {
    const int label = test.labels[static_cast<std::size_t>(frame.indices[i])];
    cards[i].caption = caption(model, label, frame.predicted[i], frame.probability[i]);
    cards[i].wrong = label != frame.predicted[i];
  }
  return cards;
}

}  // namespace

GifWriter training_animation(const Model& model, const Dataset& test,
                             const std::vector<TrainingFrame>& frames) {
  require(!frames.empty(), "animation: there are no frames");
  require_fitting(model, test);
  ContactSheetOptions options = sheet_options(test.image_shape);
  // An animation is a large file: smaller pictures, fewer colours.
  options.most_side = 1100;
  options.text_scale = 1;
  std::vector<std::vector<SampleView>> moments;
  const int most_margin = options.margin;
  options.margin = 0;
  for (const TrainingFrame& frame : frames) {
    moments.push_back(cards_of(model, test, frame));
    options.margin = std::clamp(region_margin(moments.back()), options.margin, most_margin);
    for (const SampleView& card : moments.back())
      options.letters = std::max(options.letters, text_width(card.caption) / text_width("x"));
    if (options.legend == ContactSheetOptions().legend)
      options.legend = outline_legend(moments.back());
  }
  GifWriter gif(32);
  for (std::size_t i = 0; i < frames.size(); ++i) {
    options.title = cat("step ", grouped(frames[i].step), " · epoch ", fixed(frames[i].epoch, 1));
    gif.add(contact_sheet(moments[i], options), i + 1 == frames.size() ? 3000 : 220);
  }
  return gif;
}

}  // namespace fovea
