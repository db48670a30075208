// Where an axis begins and ends, where it has marks, and what they say.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace fovea {

/// The extent of an axis with its marks.
struct Scale {
  double low, high;  ///< low < high
  std::vector<double> ticks;
  std::vector<std::string> labels;  ///< one for each tick
};

/// What a scale is to look like. Limits that are set are kept as they are.
struct ScaleOptions {
  int most = 8;  ///< pieces that the marks may cut the axis into, about
  std::optional<double> low = {}, high = {};  ///< fixed ends
  bool round_outwards = true;                 ///< ends that are not fixed move out to the next mark
  bool whole = false;                         ///< marks at whole numbers only
};

/// Scale of an axis for data in [low, high] (at most 1e300), which may be a single value.
Scale linear_scale(double low, double high, const ScaleOptions& options = {});

/// The same for a logarithmic axis, 0 < low: marks at 1, 2 and 5 times powers of ten, only at the
/// powers over more than three decades, and at every n-th of those if they are too many.
Scale log_scale(double low, double high, const ScaleOptions& options = {});

/// The smallest of 1, 2, 5 times a power of ten that cuts [low, high] into at most `most` pieces.
double nice_step(double low, double high, int most);

/// `value` with as many digits as tell it from its neighbours at distance `step`, thousands
/// separated: "0.25", "60,000", "1e-09".
std::string tick_label(double value, double step);

/// `value` for reading off: three or four significant digits, "0.0312", "98.91", "12,345".
std::string value_label(double value);

}  // namespace fovea
