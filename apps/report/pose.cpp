#include "apps/report/pose.h"

#include <cmath>
#include <numbers>

#include "apps/report/chart.h"
#include "core/error.h"

namespace fovea {

namespace {

struct Quantity {
  const char* name;
  double Pose::*value;
};

// Mean and standard deviation over the images of each frame, against the step.
std::vector<Series> mean_and_spread(const std::vector<TrainingFrame>& frames,
                                    const std::vector<std::vector<Pose>>& poses,
                                    std::span<const Quantity> quantities) {
  std::vector<Series> out;
  for (const Quantity& quantity : quantities) {
    Series mean{.name = cat(quantity.name, ", mean")};
    Series spread{.name = cat(quantity.name, ", spread"), .dashed = true};
    for (std::size_t i = 0; i < frames.size(); ++i) {
      double sum = 0, squares = 0;
      for (const Pose& pose : poses[i]) sum += pose.*quantity.value;
      const double average = sum / static_cast<double>(poses[i].size());
      for (const Pose& pose : poses[i]) squares += std::pow(pose.*quantity.value - average, 2);
      for (Series* series : {&mean, &spread})
        series->x.push_back(static_cast<double>(frames[i].step));
      mean.y.push_back(average);
      spread.y.push_back(std::sqrt(squares / static_cast<double>(poses[i].size())));
    }
    out.push_back(std::move(mean));
    out.push_back(std::move(spread));
  }
  return out;
}

}  // namespace

Pose pose_of(const Warp& warp, std::span<const Real> theta, const Shape& input) {
  // In pixels: turn and slant are angles only where x and y have one unit.
  const double half_width = input[2] / 2.0, half_height = input[1] / 2.0;
  const auto at = [&](double x, double y) {
    const WarpPoint p = warp.map(theta, {static_cast<Real>(x), static_cast<Real>(y)});
    return Point{static_cast<double>(p[0]) * half_width, static_cast<double>(p[1]) * half_height};
  };
  const Point middle = at(0, 0), left = at(-1, 0), right = at(1, 0), up = at(0, -1),
              down = at(0, 1);
  // Where a step of one output pixel to the right, and down, leads.
  const Point a = {(right[0] - left[0]) / 2 / half_width, (right[1] - left[1]) / 2 / half_width};
  const Point b = {(down[0] - up[0]) / 2 / half_height, (down[1] - up[1]) / 2 / half_height};
  const double area = a[0] * b[1] - a[1] * b[0], along = a[0] * b[0] + a[1] * b[1];
  constexpr double degrees = 180 / std::numbers::pi;
  return {.rotation = degrees * std::atan2(a[1], a[0]),
          .slant = degrees * std::atan2(along, std::abs(area)),
          .size = std::sqrt(std::abs(area)),
          .shift_x = middle[0],
          .shift_y = middle[1]};
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
  std::vector<std::vector<Pose>> poses;
  for (const TrainingFrame& frame : frames) {
    poses.emplace_back();
    for (const auto& joined : frame.thetas)
      poses.back().push_back(pose_of(stages[0].transformer->warp(), split_thetas(joined, stages)[0],
                                     model.info.input));
  }
  const std::string of = cat(stages.size() > 1 ? cat(" of ", stages[0].name) : "", ", ",
                             frames[0].indices.size(), " test images");
  const auto chart = [&](const char* file, const std::string& title, const char* unit,
                         std::span<const Quantity> quantities) {
    const std::vector<Series> series = mean_and_spread(frames, poses, quantities);
    const ChartOptions options{.title = title + of, .x_label = "step", .y_label = unit};
    return RunChart{file, {options.title, line_chart_svg(series, options)}};
  };
  const Quantity angles[] = {{"turn", &Pose::rotation}, {"slant", &Pose::slant}};
  const Quantity sizes[] = {{"size", &Pose::size}};
  const Quantity shifts[] = {{"to the right", &Pose::shift_x}, {"down", &Pose::shift_y}};
  return {chart("theta.svg", "Turn and slant of the sampled region", "degrees", angles),
          chart("theta-size.svg", "Size of the sampled region", "times the image", sizes),
          chart("theta-shift.svg", "Shift of the sampled region", "pixels", shifts)};
}

}  // namespace fovea
