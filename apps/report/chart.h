// Charts as SVG text, for report.html and as files of their own. They follow the reader's light or
// dark setting, need nothing from the network and run no scripts.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace fovea {

/// One line of a chart: points (x[i], y[i]) in drawing order. A value that is not finite, or not
/// positive on a logarithmic axis, leaves a gap.
struct Series {
  std::string name = {};
  std::vector<double> x = {}, y = {};
  std::string colour = {};  ///< CSS colour such as "#3b82f6"; empty: the next of the house colours
  bool dashed = false;
};

struct ChartOptions {
  std::string title = {}, x_label = {}, y_label = {};
  bool log_y = false;
  std::optional<double> y_min = {}, y_max = {};  ///< else from the data, rounded outwards
  int width = 720, height = 380;                 ///< CSS pixels, 240 to 4096 each
};

/// A line chart with grid, legend above the plot and the last value of every line beside its end.
/// Up to 25 points are marked and tell their values under the mouse; many thousands are drawn as
/// the range that they cover in each pixel column. Without a drawable point it says "no data".
/// Throws Error if x and y of a series differ in length, or for sizes or y limits out of range.
std::string line_chart_svg(std::span<const Series> series, const ChartOptions& options = {});

/// Confusion matrix of N = class_names.size() classes: `counts` holds N * N numbers, row-major
/// [true class][predicted class]. Correct answers are blue, mistakes red (darker: more), with the
/// accuracy of every true class beside its row and the overall one in the title.
/// Throws Error for N outside [1, 100], a wrong number of counts or a negative one.
std::string confusion_matrix_svg(std::span<const std::int64_t> counts,
                                 std::span<const std::string> class_names,
                                 const std::string& title = "Confusion matrix");

}  // namespace fovea
