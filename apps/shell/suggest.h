// "Did you mean ...?"
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fovea {

/// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`
/// (Damerau-Levenshtein distance, optimal string alignment).
int edit_distance(std::string_view a, std::string_view b);

/// "; did you mean --epochs?" for the candidate nearest to `word`; "" if none comes close.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

/// Throws UsageError: "--model 'tutrial' does not exist; did you mean tutorial? (it takes ...)".
[[noreturn]] void throw_unknown(std::string_view option, std::string_view value,
                                const std::vector<std::string>& names);

}  // namespace fovea
