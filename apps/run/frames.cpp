#include "apps/run/frames.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "apps/networks/evaluate.h"
#include "apps/networks/inspect.h"
#include "apps/shell/json.h"

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

}  // namespace fovea
