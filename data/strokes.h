// How people write the ten digits, as pen strokes.
#pragma once

#include <span>
#include <vector>

namespace fovea {

/// A place on the paper: a digit is 1 high, from y = 0 at its top to 1, and x is 0 to about 0.7.
struct PenPoint {
  double x, y;
  bool operator==(const PenPoint&) const = default;
};

/// A smooth movement of the pen through the points, two or more. Corners are where one stroke ends
/// and the next begins at the same point.
using Stroke = std::vector<PenPoint>;

/// One way of writing a digit.
using DigitStyle = std::vector<Stroke>;

/// The ways in which `digit`, 0 to 9, is written: with and without serif, bar or loop, open or
/// closed. Error: not a digit.
std::span<const DigitStyle> digit_styles(int digit);

}  // namespace fovea
