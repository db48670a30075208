#include "apps/run/confusion.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "apps/run/files.h"
#include "apps/shell/json.h"
#include "apps/shell/strict_json.h"
#include "core/file.h"

namespace fovea {

namespace {

constexpr int bins = 10;

std::vector<CalibrationBin> calibration_of(const Evaluation& evaluation, const Dataset& dataset) {
  std::vector<CalibrationBin> out(evaluation.predictions.empty() ? 0 : bins);
  for (std::size_t i = 0; i < evaluation.predictions.size(); ++i) {
    const Prediction& answer = evaluation.predictions[i];
    const auto probability = static_cast<double>(answer.probability);
    if (!(probability >= 0)) continue;  // NaN
    CalibrationBin& bin = out[static_cast<std::size_t>(std::min(probability * bins, bins - 1.0))];
    ++bin.count;
    bin.correct += answer.label == dataset.labels[i];
    bin.probability += probability;
  }
  for (CalibrationBin& bin : out)
    if (bin.count > 0) bin.probability /= static_cast<double>(bin.count);
  return out;
}

}  // namespace

Confusion confusion_of(const Evaluation& evaluation, const Dataset& dataset) {
  const std::size_t classes = static_cast<std::size_t>(dataset.classes());
  Confusion out{.class_names = dataset.class_names,
                .matrix = std::vector<std::int64_t>(classes * classes),
                .loss = evaluation.loss,
                .correct = evaluation.correct,
                .total = evaluation.total,
                .mistakes = {},
                .calibration = calibration_of(evaluation, dataset)};
  for (std::size_t i = 0; i < evaluation.predictions.size(); ++i) {
    const Prediction& answer = evaluation.predictions[i];
    const std::size_t label = static_cast<std::size_t>(dataset.labels[i]);
    const std::size_t predicted = static_cast<std::size_t>(answer.label);
    if (predicted < classes) ++out.matrix[label * classes + predicted];
    if (predicted != label)
      out.mistakes.push_back({static_cast<int>(i), dataset.labels[i], answer.label,
                              static_cast<double>(answer.probability)});
  }
  std::stable_sort(
      out.mistakes.begin(), out.mistakes.end(),
      [](const Mistake& a, const Mistake& b) { return a.probability > b.probability; });
  if (out.mistakes.size() > run_files::listed_mistakes)
    out.mistakes.resize(run_files::listed_mistakes);
  return out;
}

void write_confusion(const std::string& path, const Confusion& c) {
  Json json = {{"class_names", c.class_names}, {"matrix", c.matrix}, {"loss", c.loss},
               {"correct", c.correct},         {"total", c.total},   {"mistakes", Json::array()}};
  for (const Mistake& m : c.mistakes)
    json["mistakes"].push_back({{"index", m.index},
                                {"label", m.label},
                                {"predicted", m.predicted},
                                {"probability", m.probability}});
  for (const CalibrationBin& bin : c.calibration)
    json["calibration"].push_back(
        {{"count", bin.count}, {"correct", bin.correct}, {"probability", bin.probability}});
  write_file_atomically(path, dump_json(json, 1) + "\n");
}

std::optional<Confusion> read_confusion(const std::string& path) {
  const Json json = read_json(path);
  if (json.is_null()) return std::nullopt;
  try {
    Confusion c;
    read_strictly(json.at("class_names"), path + ": class_names", c.class_names);
    read_strictly(json.at("matrix"), path + ": matrix", c.matrix);
    const Json& loss = json.at("loss");
    c.loss = loss.is_null() ? std::numeric_limits<double>::quiet_NaN() : loss.get<double>();
    read_strictly(json.at("correct"), path + ": correct", c.correct);
    read_strictly(json.at("total"), path + ": total", c.total);
    for (const Json& m : json.at("mistakes"))
      c.mistakes.push_back({m.at("index"), m.at("label"), m.at("predicted"),
                            m.at("probability").is_null() ? 0 : m.at("probability").get<double>()});
    if (json.contains("calibration"))
      for (const Json& b : json.at("calibration")) {
        CalibrationBin& bin = c.calibration.emplace_back();
        read_strictly(b.at("count"), path + ": count", bin.count);
        read_strictly(b.at("correct"), path + ": correct", bin.correct);
        read_strictly(b.at("probability"), path + ": probability", bin.probability);
      }
    return c;
  } catch (const Json::exception& error) {
    fail(path, ": lacks what belongs there: ", json_reason(error), "; train again");
  }
}

}  // namespace fovea
