#include "apps/shell/suggest.h"

#include <algorithm>

#include "apps/shell/usage_error.h"

namespace fovea {

int edit_distance(std::string_view a, std::string_view b) {
  const std::size_t width = b.size() + 1;
  std::vector<int> before(width), last(width), row(width);
  for (std::size_t j = 0; j < width; ++j) row[j] = static_cast<int>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before.swap(last);
    last.swap(row);
    row[0] = static_cast<int>(i);
    for (std::size_t j = 1; j < width; ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row.back();
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
  word = word.substr(0, 64);  // nothing longer comes close to a name
  std::string nearest;
  int best = static_cast<int>(word.size()) / 3 + 2;
  for (const std::string& candidate : candidates) {
    int distance = edit_distance(word, candidate);
    // What was begun but not finished is near, too.
    if (word.size() > 3 && candidate.starts_with(word)) distance = std::min(distance, 1);
    if (distance < best) best = distance, nearest = candidate;
  }
  return nearest.empty() ? "" : "; did you mean " + nearest + "?";
}

void throw_unknown(std::string_view option, std::string_view value,
                   const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  throw UsageError(cat(option, " '", value, "' does not exist", did_you_mean(value, names),
                       " (it takes ", list, ")"));
}

}  // namespace fovea
