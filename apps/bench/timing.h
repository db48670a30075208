// Stop-watch and medians.
#pragma once

#include <algorithm>
#include <chrono>
#include <vector>

#include "apps/bench/bench.h"

namespace fovea::bench {

inline double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

inline Rate rate_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {values[values.size() / 2], values.front(), values.back()};
}

/// Calls of `action` a second, after a warm-up, as often as `effort` says.
template <class Action>
Rate calls_per_second(const Effort& effort, Action action) {
  const double warm = now() + effort.seconds / 2;
  for (int i = 0; i < 3 || now() < warm; ++i) action();
  std::vector<double> rates;
  for (int repeat = 0; repeat < effort.repeats; ++repeat) {
    const double start = now();
    int calls = 0;
    double end = start;
    while (calls < 2 || end - start < effort.seconds) {
      action();
      ++calls;
      end = now();
    }
    rates.push_back(calls / (end - start));
  }
  return rate_of(std::move(rates));
}

}  // namespace fovea::bench
