#include "apps/run/frames.h"

#include <algorithm>
#include <limits>

#include "apps/networks/evaluate.h"
#include "apps/networks/inspect.h"
#include "apps/run/log_lines.h"
#include "apps/shell/strict_json.h"

namespace fovea {

namespace {

// JSON writes what is not finite as null.
template <class Number>
Number number_or_nan(const Json& value) {
  return value.is_null() ? std::numeric_limits<Number>::quiet_NaN() : value.get<Number>();
}

TrainingFrame frame_from(const Json& line) {
  TrainingFrame frame;
  read_strictly(line.at("step"), "step", frame.step);
  read_strictly(line.at("epoch"), "epoch", frame.epoch);
  read_strictly(line.at("indices"), "indices", frame.indices);
  read_strictly(line.at("predicted"), "predicted", frame.predicted);
  for (const auto& value : line.at("probability"))
    frame.probability.push_back(number_or_nan<double>(value));
  for (const auto& row : line.at("theta")) {
    frame.thetas.emplace_back();
    for (const auto& value : row) frame.thetas.back().push_back(number_or_nan<Real>(value));
  }
  return frame;
}

}  // namespace

std::vector<int> frame_indices(const Dataset& test, int count) {
  count = std::min(count, test.size());
  const std::size_t classes = static_cast<std::size_t>(test.classes());
  std::vector<int> out;
  std::vector<int> next(classes, 0);  // where to look for another one of this class
  std::size_t found_in_round = 0;
  for (std::size_t k = 0; static_cast<int>(out.size()) < count; k = (k + 1) % classes) {
    int& i = next[k];
    while (i < test.size() && test.labels[static_cast<std::size_t>(i)] != static_cast<int>(k)) ++i;
    if (i < test.size()) out.push_back(i++), ++found_in_round;
    if (k + 1 == classes && found_in_round == 0) break;
    if (k + 1 == classes) found_in_round = 0;
  }
  return out;
}

TrainingFrame take_frame(const Model& model, const Dataset& test, const std::vector<int>& indices,
                         std::int64_t step, double epoch) {
  TrainingFrame frame{step, epoch, indices, {}, {}, {}};
  const EvalMode guard(*model.network);
  for (const Inspection& seen : inspect(model, gather(test, indices))) {
    frame.predicted.push_back(seen.ranked[0]);
    frame.probability.push_back(seen.probability());
    if (seen.thetas.empty()) continue;
    frame.thetas.emplace_back();
    for (const Theta& theta : seen.thetas)
      frame.thetas.back().insert(frame.thetas.back().end(), theta.begin(), theta.end());
  }
  return frame;
}

std::string frame_line(const TrainingFrame& frame) {
  const Json line = {{"step", frame.step},           {"epoch", frame.epoch},
                     {"indices", frame.indices},     {"theta", frame.thetas},
                     {"predicted", frame.predicted}, {"probability", frame.probability}};
  return dump_json(line) + "\n";
}

std::vector<TrainingFrame> read_frames(const std::string& path, const Model& model,
                                       const Dataset& test) {
  int theta_size = 0;
  for (const Stage& stage : transformer_stages(model))
    theta_size += stage.transformer->warp().theta_size();
  const auto within = [](const std::vector<int>& values, int end) {
    return std::all_of(values.begin(), values.end(), [=](int v) { return v >= 0 && v < end; });
  };
  std::vector<TrainingFrame> frames;
  for_each_log_line(path, [&](const Json& line) {
    TrainingFrame frame = frame_from(line);
    if (frame.thetas.empty()) return;
    const std::size_t count = frame.indices.size();
    require(count > 0 && frame.thetas.size() == count && frame.predicted.size() == count &&
                frame.probability.size() == count,
            "step ", frame.step, " has lists of different lengths");
    require(within(frame.indices, test.size()), "there are ", test.size(), " test images only");
    require(within(frame.predicted, model.info.classes()), "there are ", model.info.classes(),
            " classes only");
    for (const auto& theta : frame.thetas)
      require(static_cast<int>(theta.size()) == theta_size, "theta has ", theta.size(),
              " elements, the transformers ", theta_size);
    frames.push_back(std::move(frame));
  });
  if (sort_by_step(frames, [](const TrainingFrame& frame) { return frame.step; }))
    warn_of_order(path);
  return frames;
}

}  // namespace fovea
