#include "apps/report/pose.h"

#include <cmath>
#include <numbers>

#include "apps/report/chart.h"
#include "apps/shell/numbers.h"
#include "core/error.h"

namespace fovea {

namespace {

struct Quantity {
  const char* name;
  double Pose::*value;
  double factor = 1;
};

struct Logged {
  const char* name;
  double Pose::*of;
  bool spreads;  // whether the log has its standard deviation, too
};
constexpr Logged logged[] = {
    {"rotation", &Pose::rotation, true}, {"slant", &Pose::slant, true},
    {"size", &Pose::size, true},         {"shift_x", &Pose::shift_x, true},
    {"shift_y", &Pose::shift_y, true},   {"mirrored", &Pose::mirrored, false},
    {"bend", &Pose::bend, false},        {"outside", &Pose::outside, false}};

// Mean and standard deviation over the images of each frame, against the step.
std::vector<Series> mean_and_spread(const std::vector<TrainingFrame>& frames,
                                    const std::vector<PoseSummary>& summaries,
                                    std::span<const Quantity> quantities) {
  std::vector<Series> out;
  for (const Quantity& quantity : quantities) {
    Series mean{.name = cat(quantity.name, ", mean")};
    Series spread{.name = cat(quantity.name, ", spread"), .dashed = true};
    for (std::size_t i = 0; i < frames.size(); ++i) {
      for (Series* series : {&mean, &spread})
        series->x.push_back(static_cast<double>(frames[i].step));
      mean.y.push_back(quantity.factor * summaries[i].mean.*quantity.value);
      spread.y.push_back(quantity.factor * summaries[i].spread.*quantity.value);
    }
    out.push_back(std::move(mean));
    out.push_back(std::move(spread));
  }
  return out;
}

}  // namespace

Pose pose_of(const WarpReading& r, const Shape& input) {
  const double half_width = input[2] / 2.0, half_height = input[1] / 2.0;
  return {.rotation = r.angle,
          .slant = r.slant,
          .mirrored = r.mirrored ? 1.0 : 0.0,
          .size = r.scale,
          .shift_x = r.shift_x * half_width,
          .shift_y = r.shift_y * half_height,
          .bend = r.bend * std::sqrt(half_width * half_height),
          .outside = r.outside};
}

Pose pose_of(const Warp& warp, std::span<const Real> theta, const Shape& input) {
  return pose_of(read_theta(warp, theta, static_cast<double>(input[2]) / input[1]), input);
}

PoseSummary summary_of(std::span<const Pose> poses) {
  PoseSummary out;
  const auto count = static_cast<double>(poses.size());
  double along = 0, across = 0;
  for (const Pose& pose : poses) {
    along += std::cos(pose.rotation * std::numbers::pi / 180);
    across += std::sin(pose.rotation * std::numbers::pi / 180);
  }
  const double direction = std::atan2(across, along) * 180 / std::numbers::pi;
  for (const Logged& value : logged) {
    double sum = 0, squares = 0;
    const double from = value.of == &Pose::rotation ? direction : 0;
    const auto away = [&](const Pose& pose) {  // a turn as the crow flies
      return from == 0 ? pose.*value.of : std::remainder(pose.*value.of - from, 360);
    };
    for (const Pose& pose : poses) sum += away(pose);
    out.mean.*value.of = from + sum / count;
    for (const Pose& pose : poses) squares += std::pow(away(pose) - sum / count, 2);
    out.spread.*value.of = std::sqrt(squares / count);
  }
  out.mean.rotation = std::remainder(out.mean.rotation, 360);
  return out;
}

std::string in_words(const PoseSummary& s) {
  std::string out;
  const auto pair = [&](double Pose::*of, int decimals) {
    return cat(fixed(s.mean.*of, decimals), " ± ", fixed(s.spread.*of, decimals));
  };
  const auto say = [&](double worth, double least, const std::string& text) {
    if (!(worth < least)) out += (out.empty() ? "" : ", ") + text;  // NaN is said, too
  };
  const auto largest = [&](double Pose::*of, double usual = 0) {
    return std::abs(s.mean.*of - usual) + s.spread.*of;
  };
  say(largest(&Pose::rotation), 0.05, cat("turn ", pair(&Pose::rotation, 1), "°"));
  say(largest(&Pose::slant), 0.05, cat("slant ", pair(&Pose::slant, 1), "°"));
  say(largest(&Pose::size, 1), 0.005, cat("size ", pair(&Pose::size, 2)));
  say(largest(&Pose::shift_x) + largest(&Pose::shift_y), 0.05,
      cat("shift (", pair(&Pose::shift_x, 1), ", ", pair(&Pose::shift_y, 1), ") px"));
  say(s.mean.mirrored, 0.005, cat(fixed(100 * s.mean.mirrored, 0), "% mirrored"));
  say(s.mean.bend, 0.05, cat("bent ", fixed(s.mean.bend, 1), " px"));
  say(s.mean.outside, 0.005, cat(fixed(100 * s.mean.outside, 0), "% outside"));
  return out.empty() ? "as it is" : out;
}

std::vector<LogField> log_fields(const PoseSummary& summary, int number) {
  const std::string prefix = number == 1 ? "theta_" : cat("theta", number, "_");
  std::vector<LogField> out;
  for (const Logged& value : logged) {
    out.push_back({prefix + value.name, summary.mean.*value.of});
    if (value.spreads)
      out.push_back({cat(prefix, value.name, "_spread"), summary.spread.*value.of});
  }
  return out;
}

std::optional<PoseSummary> logged_summary(const LogLine& line) {
  PoseSummary out;
  for (const Logged& value : logged) {
    out.mean.*value.of = line[cat("theta_", value.name)];
    if (value.spreads) out.spread.*value.of = line[cat("theta_", value.name, "_spread")];
  }
  if (std::isnan(out.mean.mirrored)) out.mean.mirrored = 0;  // logs of before
  return std::isfinite(out.mean.size) ? std::optional(out) : std::nullopt;
}

std::vector<Theta> split_thetas(const std::vector<Real>& joined, const std::vector<Stage>& stages) {
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

std::vector<RunChart> pose_charts(const Model& model, const std::vector<TrainingFrame>& frames) {
  const std::vector<Stage> stages = transformer_stages(model);
  if (stages.empty() || frames.empty()) return {};
  std::vector<PoseSummary> summaries;
  for (const TrainingFrame& frame : frames) {
    std::vector<Pose> poses;
    for (const auto& joined : frame.thetas)
      poses.push_back(
          pose_of(stages[0].transformer->warp(), split_thetas(joined, stages)[0], stages[0].input));
    summaries.push_back(summary_of(poses));
  }
  const std::string of = cat(stages.size() > 1 ? cat(" of ", stages[0].name) : "", ", ",
                             frames[0].indices.size(), " test images");
  const auto chart = [&](const char* file, const std::string& title, const char* unit,
                         std::span<const Quantity> quantities) {
    const std::vector<Series> series = mean_and_spread(frames, summaries, quantities);
    const ChartOptions options{.title = title + of, .x_label = "step", .y_label = unit};
    return RunChart{file, {options.title, line_chart_svg(series, options)}};
  };
  const Quantity angles[] = {{"turn", &Pose::rotation}, {"slant", &Pose::slant}};
  const Quantity sizes[] = {{"size", &Pose::size}};
  const Quantity shifts[] = {{"to the right", &Pose::shift_x}, {"down", &Pose::shift_y}};
  const Quantity outside[] = {{"outside", &Pose::outside, 100}};
  return {
      chart("theta.svg", "Turn and slant of the sampled region", "degrees", angles),
      chart("theta-size.svg", "Size of the sampled region", "times the image", sizes),
      chart("theta-shift.svg", "Shift of the sampled region", "pixels", shifts),
      chart("theta-outside.svg", "Outside of the image", "percent of what is sampled", outside)};
}

}  // namespace fovea
