#include "apps/train/watch.h"

#include <algorithm>
#include <map>

#include "apps/networks/evaluate.h"
#include "apps/run/frames.h"
#include "apps/shell/numbers.h"
#include "core/error.h"
#include "layers/losses.h"

namespace fovea {

namespace {

constexpr int images_looked_at = 256;
constexpr std::int64_t block = 4096;  // training images whose accuracy is judged together
constexpr double constant = 0.95;     // share of the answers that are one class
constexpr double far_outside = 0.75;  // share of the points: a window of twice the image's size
constexpr double bound_share = 0.2;   // of the bounded elements of theta
constexpr std::int64_t steps_to_begin = 500;

// What one tile shows; tiles run on several threads.
struct Seen {
  std::vector<int> answers;
  std::vector<std::vector<Pose>> poses;  // [transformer][image]
  std::vector<std::vector<double>> at_bounds;
  std::vector<Theta> first;  // of each transformer
  std::vector<bool> same;
};

void see(const Transformation& t, const Stage& stage, int valid, Seen& out) {
  const Warp& warp = stage.transformer->warp();
  const auto readings =
      read_thetas(warp, t.theta, static_cast<double>(stage.input[2]) / stage.input[1]);
  out.poses.emplace_back();
  out.at_bounds.emplace_back();
  bool same = true;
  for (int lane = 0; lane < valid; ++lane) {
    Theta theta;
    for (int k = 0; k < t.theta.size(); ++k) theta.push_back(t.theta[k][lane]);
    out.poses.back().push_back(pose_of(readings[static_cast<std::size_t>(lane)], stage.input));
    out.at_bounds.back().push_back(warp.at_bounds(theta));
    if (lane == 0) out.first.push_back(theta);
    same = same && theta == out.first.back();
  }
  out.same.push_back(same);
}

std::string percent(double share) {
  return fixed(100 * share, 0) + "%";
}

}  // namespace

std::string sight_lines(const Sight& sight) {
  std::string out;
  for (const Sight::Transformer& t : sight.transformers)
    out += cat("Transformer", sight.transformers.size() > 1 ? " " + t.name : "", ": ",
               in_words(t.pose), "\n");
  return out;
}

std::vector<LogField> sight_fields(const Sight& sight) {
  std::vector<LogField> out;
  for (std::size_t i = 0; i < sight.transformers.size(); ++i)
    for (LogField& field : log_fields(sight.transformers[i].pose, static_cast<int>(i) + 1))
      out.push_back(std::move(field));
  return out;
}

Watch::Watch(const Model& model, const Dataset& judged, const TrainOptions& options)
    : model_(model),
      options_(options),
      stages_(transformer_stages(model)),
      pixels_(gather(judged, frame_indices(judged, images_looked_at))) {
  const Attribute* const fill = model.info.options.find("fill");
  const auto other_than_zero = [](float mean) { return mean != 0; };
  fill_is_grey_ = fill && model.info.options.number("fill") == 0 &&
                  std::any_of(model.info.mean.begin(), model.info.mean.end(), other_than_zero);
  std::map<int, int> counts;
  for (const int label : judged.labels) ++counts[label];
  for (const auto& [label, count] : counts)
    chance_ = std::max(chance_, static_cast<double>(count) / judged.size());
}

void Watch::remember(double accuracy) {
  best_ = std::max(best_, accuracy);
}

Sight Watch::look() const {
  const Batch batch = batch_of(model_.info, pixels_);
  const EvalMode guard(*model_.network);
  std::vector<Seen> tiles(static_cast<std::size_t>(tile_count(batch.size)));
  for_each_tile(batch, [&](const Tile& tile) {
    const TransformerObserver observer;
    const Tensor log_probs = (*model_.network)(tile.images);
    Seen& seen = tiles[static_cast<std::size_t>(tile.index)];
    for (int lane = 0; lane < tile.valid; ++lane)
      seen.answers.push_back(most_probable(log_probs, lane));
    for (std::size_t i = 0; i < stages_.size(); ++i)
      see(observer.seen.at(i), stages_[i], tile.valid, seen);
  });

  Sight out;
  std::map<int, int> answers;
  for (const Seen& seen : tiles)
    for (const int answer : seen.answers)
      if (++answers[answer] > answers[out.answer]) out.answer = answer;
  out.answer_share = static_cast<double>(answers[out.answer]) / std::max(1, batch.size);
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    Sight::Transformer t{.name = stages_[i].name, .pose = {}, .same = batch.size > 1};
    std::vector<Pose> poses;
    double at_bounds = 0;
    for (const Seen& seen : tiles) {
      poses.insert(poses.end(), seen.poses[i].begin(), seen.poses[i].end());
      for (const double share : seen.at_bounds[i]) at_bounds += share;
      t.same = t.same && seen.same[i] && seen.first[i] == tiles[0].first[i];
    }
    t.pose = summary_of(poses);
    t.at_bounds = at_bounds / std::max(1, batch.size);
    out.transformers.push_back(std::move(t));
  }
  return out;
}

std::string Watch::smaller_rate() const {
  const std::string rate = cat("--lr ", *options_.lr / 2, " (now ", *options_.lr, ")");
  return stages_.empty() ? rate
                         : cat("--lr-loc-scale ", *options_.lr_loc_scale / 4, " (now ",
                               *options_.lr_loc_scale, ") or ", rate);
}

std::string Watch::title_of(const Sight::Transformer& t) const {
  return stages_.size() > 1 ? cat("the transformer ", t.name) : "the transformer";
}

std::vector<std::string> Watch::troubles(std::int64_t step, const Sight& sight,
                                         const std::string& fell) {
  std::vector<std::string> out;
  const auto say = [&](bool wrong, bool& said, const auto&... text) {
    if (wrong && !said) out.push_back(cat("step ", step, ": ", text...));
    said = said || wrong;
  };
  const bool same = sight.answer_share >= constant && chance_ < constant;
  const std::string answers = cat(percent(sight.answer_share), " of the answers are '",
                                  class_name(model_, sight.answer), "'");
  for (const Sight::Transformer& t : sight.transformers) {
    const bool outside = !(t.pose.mean.outside <= far_outside);
    say(outside, said_outside_, percent(t.pose.mean.outside), " of what ", title_of(t),
        " samples lies outside of the image", same ? ", and " + answers : "",
        fill_is_grey_ ? "; grey is seen there, background with --fill auto" : "",
        "; start again with ", smaller_rate());
    said_constant_ = said_constant_ || (outside && same);  // one warning of both
    say(t.at_bounds >= bound_share, said_bounds_, percent(t.at_bounds), " of theta of ",
        title_of(t), " is at its bounds, where it learns no more; widen those of warp=",
        model_.info.options.find("warp") ? model_.info.options.text("warp") : "...",
        " or start again with ", smaller_rate());
  }
  say(same && (!fell.empty() || step >= steps_to_begin), said_constant_,
      fell.empty() ? "training has not got anywhere yet: " : fell, answers, "; start again with ",
      smaller_rate());
  return out;
}

std::vector<std::string> Watch::after_step(std::int64_t step, int correct, int images) {
  block_correct_ += correct;
  block_images_ += images;
  if (block_images_ < block) return {};
  const double accuracy = static_cast<double>(block_correct_) / static_cast<double>(block_images_);
  block_correct_ = block_images_ = 0;
  ++blocks_;
  remember(accuracy);
  const auto above_chance = [&](double share) { return chance_ + share * (1 - chance_); };
  if (accuracy > above_chance(0.05) || (said_constant_ && said_outside_)) return {};
  const bool fell = best_ >= above_chance(0.25);
  if (!fell && (blocks_ & (blocks_ - 1)) != 0) return {};
  return troubles(step, look(),
                  fell ? cat("training has collapsed: its accuracy fell from ", percent(best_),
                             " to ", percent(accuracy), ", and ")
                       : "");
}

std::vector<std::string> Watch::after_epoch(std::int64_t step, const Sight& sight) {
  std::vector<std::string> out = troubles(step, sight, "");
  for (std::size_t i = 0; i < sight.transformers.size(); ++i) {
    const Sight::Transformer& t = sight.transformers[i];
    if (!t.same || said_same_ || *options_.lr == 0 || *options_.lr_loc_scale == 0) continue;
    said_same_ = true;
    const bool nearest = stages_[i].transformer->options().sampler.mode == Interpolation::nearest;
    out.push_back(cat("step ", step, ": ", title_of(t),
                      " does the same to every image: its localisation network does not learn; ",
                      nearest ? "sampler=nearest gives theta no gradient, bilinear does"
                              : "start again with " + smaller_rate()));
  }
  return out;
}

}  // namespace fovea
