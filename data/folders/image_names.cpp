#include "data/folders/image_names.h"

#include <algorithm>
#include <filesystem>
#include <map>

namespace fovea {

namespace {

constexpr const char* separators = "_-. ()[]=";

std::string stem_of(const std::string& path) {
  return std::filesystem::path(path).stem().string();
}

// "3" of "3 (12)", as Windows and browsers count files of one name; "" if there is no such number.
std::string_view without_copy(std::string_view stem) {
  if (!stem.ends_with(')')) return "";
  const std::size_t open = stem.find_last_not_of("0123456789", stem.size() - 2);
  if (open == stem.npos || stem[open] != '(' || open + 2 == stem.size()) return "";
  const std::size_t end = stem.find_last_not_of(' ', open - 1);
  return open == 0 || end == stem.npos ? "" : stem.substr(0, end + 1);
}

bool has_copy_number(const std::string& path) {
  return !without_copy(stem_of(path)).empty();
}

// "img_7 (3)" and "img_7".
std::string before_copy(std::string_view stem) {
  const std::string_view original = without_copy(stem);
  return std::string(original.empty() ? stem : original);
}

// "7_0001", "cat.12", "dog 3", also as a copy, "cat.12 (1)": what is before the number at the end.
std::string before_number(std::string_view stem) {
  if (const std::string_view original = without_copy(stem); !original.empty()) stem = original;
  const std::size_t last = stem.find_last_not_of("0123456789");
  if (last == stem.npos || last + 1 == stem.size()) return "";
  const std::size_t end = stem.find_last_not_of("_-. (", last);
  return std::string(end == stem.npos ? "" : stem.substr(0, end + 1));
}

// "0001_cat": what is behind the number at the start.
std::string behind_number(std::string_view stem) {
  const std::size_t number = stem.find_first_not_of("0123456789");
  if (number == 0 || number == stem.npos) return "";
  const std::size_t begin = stem.find_first_not_of("_-. ", number);
  return std::string(begin == stem.npos || begin == number ? "" : stem.substr(begin));
}

std::vector<std::string> fields_of(std::string_view stem) {
  std::vector<std::string> fields;
  for (std::size_t begin = 0; (begin = stem.find_first_not_of(separators, begin)) != stem.npos;) {
    const std::size_t end = std::min(stem.size(), stem.find_first_of(separators, begin));
    fields.emplace_back(stem.substr(begin, end - begin));
    begin = end;
  }
  return fields;
}

// "img001_7", "00012-label=7".
std::string last_field(std::string_view stem) {
  const auto fields = fields_of(stem);
  return fields.size() < 2 ? "" : fields.back();
}

// "7_a3f9".
std::string first_field(std::string_view stem) {
  const auto fields = fields_of(stem);
  return fields.size() < 2 ? "" : fields.front();
}

// Whether these are names of classes: names that differ for every image are none.
bool are_classes(const std::map<std::string, std::size_t>& found, std::size_t images) {
  return !found.contains("") && found.size() >= 2 && found.size() <= images / 2;
}

// "000", "001": they count something.
bool are_counters(const std::map<std::string, std::size_t>& found) {
  const auto is_number = [](const auto& one) {
    return one.first.find_first_not_of("0123456789") == std::string::npos;
  };
  const auto is_padded = [](const auto& one) {
    return one.first.size() > 1 && one.first[0] == '0';
  };
  return std::all_of(found.begin(), found.end(), is_number) &&
         std::any_of(found.begin(), found.end(), is_padded);
}

// How many fields of the names may be a class, by their place from the end.
std::size_t fields_like_classes(const std::vector<std::string>& paths) {
  std::vector<std::map<std::string, std::size_t>> columns;
  for (const std::string& path : paths) {
    std::vector<std::string> fields = fields_of(stem_of(path));
    if (columns.size() < fields.size()) columns.resize(fields.size());
    for (std::size_t i = 0; i < fields.size(); ++i) ++columns[i][fields[fields.size() - 1 - i]];
  }
  return static_cast<std::size_t>(
      std::count_if(columns.begin(), columns.end(),
                    [&](const auto& column) { return are_classes(column, paths.size()); }));
}

}  // namespace

std::string class_in_name(const std::string& path, NameRule rule) {
  return rule(stem_of(path));
}

NameRule find_name_rule(const std::vector<std::string>& paths) {
  NameRule counted = nullptr;
  const bool copies = std::any_of(paths.begin(), paths.end(), has_copy_number);
  for (const NameRule rule : {before_copy, before_number, behind_number, last_field, first_field}) {
    if (rule == before_copy && !copies) continue;
    std::map<std::string, std::size_t> found;
    for (const std::string& path : paths) ++found[class_in_name(path, rule)];
    if (!are_classes(found, paths.size())) continue;
    const bool is_field = rule == last_field || rule == first_field;
    if (is_field && !counted && fields_like_classes(paths) > 1) return nullptr;
    if (!are_counters(found)) return rule;
    if (!counted) counted = rule;
  }
  return counted;
}

}  // namespace fovea
