#include "apps/report/ticks.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "apps/report/markup.h"

namespace fovea {
namespace {

constexpr double slack = 1e-9;  // of a step or a value: 0.3 / 0.1 is less than 3

std::string scientific(double value, int digits) {
  char text[40];
  std::snprintf(text, sizeof text, "%.*g", digits, value);
  return text;
}

/// Gives ends that (nearly) coincide a distance that can be divided by.
void separate(double& low, double& high) {
  const double size = std::max(std::abs(low), std::abs(high));
  if (high - low > 1e-10 * size && high - low > 1e-290) return;
  const double by = size < 1e-290 ? 1 : 0.1 * size;
  low -= by;
  high += by;
}

/// The power of ten times 1, 2 or 5 at or below `value` > 0, or at or above it.
double round_125(double value, bool up) {
  const double power = std::pow(10, std::floor(std::log10(value) + slack));
  double best = up ? 10 * power : power;
  for (double factor : {1.0, 2.0, 5.0}) {
    const double candidate = factor * power;
    if (up && candidate >= value * (1 - slack)) best = std::min(best, candidate);
    if (!up && candidate <= value * (1 + slack)) best = std::max(best, candidate);
  }
  return best;
}

}  // namespace

double nice_step(double low, double high, int most) {
  return round_125((high - low) / most, true);
}

Scale linear_scale(double low, double high, const ScaleOptions& o) {
  low = o.low.value_or(o.high ? std::min(low, *o.high) : low);
  high = o.high.value_or(std::max(low, high));
  if (o.whole && low == high) low -= 1, high += 1;
  separate(low, high);
  double step = nice_step(low, high, o.most);
  if (o.whole) step = std::max(step, 1.0);
  if (o.round_outwards && !o.low) low = std::floor(low / step + slack) * step;
  if (o.round_outwards && !o.high) high = std::ceil(high / step - slack) * step;
  Scale scale{low, high, {}, {}};
  const double first = std::ceil(low / step - slack), last = std::floor(high / step + slack);
  for (double i = first; i <= last && scale.ticks.size() < 100; ++i) {
    scale.ticks.push_back(i * step);
    scale.labels.push_back(tick_label(i * step, step));
  }
  return scale;
}

Scale log_scale(double low, double high, const ScaleOptions& o) {
  low = std::clamp(o.low.value_or(o.high ? std::min(low, *o.high) : low), 1e-300, 1e300);
  high = std::clamp(o.high.value_or(std::max(low, high)), 1e-300, 1e300);
  if (high / low < 1 + 1e-6) low /= o.low ? 1 : 1.5, high *= o.high ? 1 : 1.5;
  if (!o.low) low = round_125(low, false);
  if (!o.high) high = round_125(high, true);
  Scale scale{low, high, {}, {}};
  const int first = static_cast<int>(std::floor(std::log10(low) + slack));
  const int last = static_cast<int>(std::ceil(std::log10(high) - slack));
  const bool fine = std::log10(high) - std::log10(low) <= 3;
  const int stride = fine ? 1 : std::max(1, (last - first + o.most - 1) / o.most);
  for (int e = first; e <= last; e += stride)
    for (double factor : {1.0, 2.0, 5.0}) {
      const double tick = factor * std::pow(10, e);
      if ((factor > 1 && !fine) || tick < low * (1 - slack) || tick > high * (1 + slack)) continue;
      scale.ticks.push_back(tick);
      scale.labels.push_back(tick_label(tick, tick));
    }
  return scale;
}

std::string tick_label(double value, double step) {
  if (value == 0) return "0";
  const int decimals = std::max(0, -static_cast<int>(std::floor(std::log10(step) + slack)));
  const double size = std::abs(value);
  if (decimals > 6 || size >= 1e9) {
    const double digits = std::log10(size / step) + 1.5;
    return scientific(value, static_cast<int>(std::clamp(digits, 1.0, 17.0)));
  }
  if (decimals == 0 && size >= 1e3) return grouped(std::llround(value));
  return fixed(value, decimals);
}

std::string value_label(double value) {
  const double size = std::abs(value);
  if (size == 0) return "0";
  if (size >= 1e9 || size < 1e-4) return scientific(value, 3);
  if (size >= 1e4 || value == std::round(value)) return grouped(std::llround(value));
  const int figures = size < 1 ? 3 : 4;
  const int decimals = figures - 1 - static_cast<int>(std::floor(std::log10(size)));
  return fixed(value, std::clamp(decimals, 0, 6));
}

}  // namespace fovea
