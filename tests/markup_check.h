// Well-formedness of generated HTML and SVG, for tests.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fovea::testing {

/// Empty if every tag is closed in order and every attribute quoted, else what is wrong.
inline std::string markup_error(std::string_view text) {
  std::vector<std::string> open;
  for (std::size_t at = text.find('<'); at != text.npos; at = text.find('<', at + 1)) {
    const std::size_t end = text.find('>', at);
    if (end == text.npos) return "tag without end";
    std::string_view tag = text.substr(at + 1, end - at - 1);
    if (tag.empty() || tag.find('<') != tag.npos) return "stray < in: " + std::string(tag);
    if (tag[0] == '!') continue;
    if (tag[0] == '/') {
      if (open.empty() || open.back() != tag.substr(1)) return "unexpected <" + std::string(tag);
      open.pop_back();
      continue;
    }
    std::size_t quotes = 0;
    for (char c : tag) quotes += c == '"';
    if (quotes % 2) return "quotes in: " + std::string(tag);
    const std::string name(tag.substr(0, tag.find_first_of(" /")));
    const bool is_void = name == "meta" || name == "img" || name == "br";
    if (!is_void && tag.back() != '/') open.push_back(name);
  }
  return open.empty() ? "" : "not closed: " + open.back();
}

/// How often `part` occurs in `text`.
inline int occurrences(std::string_view text, std::string_view part) {
  int count = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + part.size()))
    ++count;
  return count;
}

}  // namespace fovea::testing
