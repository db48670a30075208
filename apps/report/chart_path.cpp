#include "apps/report/chart_path.h"

#include <algorithm>
#include <cmath>

#include "apps/report/markup.h"

namespace fovea {
namespace {

/// What one pixel column shows of a run.
struct Column {
  PixelPoint first, low, high, last;
};

void append_column(std::vector<PixelPoint>& out, const Column& c) {
  out.push_back(c.first);
  // In the order of drawing it matters little which extreme comes first; the ends must fit.
  const bool rising = c.last.y > c.first.y;
  out.push_back(rising ? c.low : c.high);
  out.push_back(rising ? c.high : c.low);
  out.push_back(c.last);
}

std::vector<PixelPoint> thin_out(const std::vector<PixelPoint>& run) {
  std::vector<PixelPoint> out;
  Column column{run[0], run[0], run[0], run[0]};
  for (const PixelPoint& p : run) {
    if (std::floor(p.x) != std::floor(column.first.x)) {
      append_column(out, column);
      column = {p, p, p, p};
    }
    if (p.y < column.low.y) column.low = p;
    if (p.y > column.high.y) column.high = p;
    column.last = p;
  }
  append_column(out, column);
  return out;
}

}  // namespace

bool Axis::shows(double value) const {
  // Up to 1e300, so that no difference of two values overflows.
  return std::abs(value) <= 1e300 && (!logarithmic || value > 1e-300);
}

double Axis::operator()(double value) const {
  const auto scaled = [this](double v) { return logarithmic ? std::log(v) : v; };
  const double share = (scaled(value) - scaled(low)) / (scaled(high) - scaled(low));
  const double left = std::min(start, end), right = std::max(start, end);
  return std::clamp(start + share * (end - start), left - 1e4, right + 1e4);
}

std::vector<std::vector<PixelPoint>> pixel_runs(std::span<const double> x,
                                                std::span<const double> y, const Axis& x_axis,
                                                const Axis& y_axis) {
  std::vector<std::vector<PixelPoint>> runs;
  bool open = false;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const bool visible = x_axis.shows(x[i]) && y_axis.shows(y[i]);
    if (visible && !open) runs.emplace_back();
    if (visible) runs.back().push_back({x_axis(x[i]), y_axis(y[i])});
    open = visible;
  }
  for (auto& run : runs) {
    const auto [left, right] = std::minmax_element(
        run.begin(), run.end(), [](PixelPoint a, PixelPoint b) { return a.x < b.x; });
    if (static_cast<double>(run.size()) > 4 * (right->x - left->x + 1)) run = thin_out(run);
  }
  return runs;
}

std::string path_data(const std::vector<std::vector<PixelPoint>>& runs) {
  std::string out;
  std::string last_dot;  // alternating gaps put thousands of equal dots on one place
  for (const auto& run : runs) {
    std::string piece = "M";
    std::string previous;
    for (const PixelPoint& p : run) {
      std::string point = fixed(p.x, 1) + ',' + fixed(p.y, 1);
      if (point == previous) continue;
      if (!previous.empty()) piece += ' ';
      piece += point;
      previous = std::move(point);
    }
    const bool dot = piece.find(' ') == piece.npos;
    if (dot && piece == last_dot) continue;
    if (dot) last_dot = piece, piece += "h0";
    out += piece;
  }
  return out;
}

}  // namespace fovea
