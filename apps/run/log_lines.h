// Logs of JSON lines, of which some may be damaged: by a disk, an editor, or two files made one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "apps/shell/json.h"

namespace fovea {

/// Damaged lines of a file.
class DamagedLines {
 public:
  void add(int line, const std::string& why);
  void report(const std::string& path) const;  ///< a warning, if there are any

 private:
  std::vector<int> lines_;
  std::string why_;  // of the first
};

/// As for_each_json_line(); but lines that are damaged, or that `visit` throws at, are left out,
/// and a warning says which and why. They stay in the file.
void for_each_log_line(const std::string& path, const std::function<void(const Json&)>& visit);

/// Where a log is to be cut so that it ends with `step`: behind its first `bytes` bytes, as its
/// checkpoint says, if a line ends there and the next one is of a later step; else, as where a line
/// in the middle is not what it was, behind the last line of a step up to that one, with a warning.
std::int64_t bytes_until(const std::string& path, std::int64_t bytes, std::int64_t step);

/// Brings lines into the order of steps; of several of one step the last stays. Returns whether
/// they were in another.
template <class Line, class StepOf>
bool sort_by_step(std::vector<Line>& lines, const StepOf& step_of) {
  const auto after = [&](const Line& a, const Line& b) { return step_of(a) >= step_of(b); };
  if (std::adjacent_find(lines.begin(), lines.end(), after) == lines.end()) return false;
  std::reverse(lines.begin(), lines.end());  // unique() keeps the first
  const auto less = [&](const Line& a, const Line& b) { return step_of(a) < step_of(b); };
  std::stable_sort(lines.begin(), lines.end(), less);
  const auto same = [&](const Line& a, const Line& b) { return step_of(a) == step_of(b); };
  lines.erase(std::unique(lines.begin(), lines.end(), same), lines.end());
  return true;
}

/// Says on stderr what sort_by_step() did.
void warn_of_order(const std::string& path);

}  // namespace fovea
