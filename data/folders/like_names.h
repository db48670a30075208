// Names that look alike.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fovea {

/// The code points of `text`, letters with marks as letter and marks (Unicode's NFD, as macOS
/// writes names of files), in Latin, Greek and Cyrillic script, kana and Hangul: two names are the
/// same text if these are equal. A byte that is not UTF-8 stands for itself, beyond all code
/// points.
std::u32string decomposed(std::string_view text);

/// Whether two names differ in the encoding of letters, in capitals, spaces, hyphens, leading zeros
/// or the mark of a copy ("cat (1)", "cat - Copy") alone.
bool look_alike(const std::string& name, const std::string& other);

/// Warns on stderr of names that a slip may have made two, since they look alike; single letters
/// may differ in case.
void warn_of_like_names(const std::vector<std::string>& names);

}  // namespace fovea
