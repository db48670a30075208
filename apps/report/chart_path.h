// From data to the path of an SVG line: axes, gaps, and thinning of what no pixel could show.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace fovea {

/// Maps [low, high] of the data linearly (or by logarithm) to [start, end] in pixels.
struct Axis {
  double low = 0, high = 1;  ///< low < high
  double start = 0, end = 1;
  bool logarithmic = false;  ///< then low > 0

  /// Whether `value` can be drawn at all: finite (up to 1e300), and positive on a
  /// logarithmic axis.
  bool shows(double value) const;

  /// Position in pixels, at most 10000 beyond the ends; only for values that it shows.
  double operator()(double value) const;
};

struct PixelPoint {
  double x, y;
};

/// Splits the points where one cannot be drawn, maps them to pixels, and reduces each piece with
/// more than four points a pixel column to the first, lowest, highest and last one of every column.
std::vector<std::vector<PixelPoint>> pixel_runs(std::span<const double> x,
                                                std::span<const double> y, const Axis& x_axis,
                                                const Axis& y_axis);

/// The "d" attribute: "M10.0,20.0 12.0,18.0"; a run of one point becomes a dot.
std::string path_data(const std::vector<std::vector<PixelPoint>>& runs);

}  // namespace fovea
