#include "data/folders/class_lists.h"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "data/folders/image_listing.h"

namespace fovea {

namespace {

namespace fs = std::filesystem;

// "classnames" of "Class-Names".
std::string letters_of(const std::string& name) {
  std::string letters = lower(name);
  std::erase_if(letters, [](unsigned char c) { return !std::isalpha(c); });
  return letters;
}

// Sorted; also links that lead nowhere.
std::vector<fs::path> files_in(const std::string& directory) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code ignored;
    if (!entry->is_directory(ignored)) files.push_back(entry->path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

std::string find_class_list(const std::string& directory) {
  std::string found;
  for (const fs::path& path : files_in(directory)) {
    const std::string name = path.filename().string();
    if (name == "classes.txt") return path.string();
    if (letters_of(path.stem().string()) == "classes" && letters_of(path.extension()) == "txt" &&
        name.size() == 11 && found.empty())
      found = path.string();
  }
  return found;
}

std::vector<std::string> find_other_class_lists(const std::string& directory) {
  const std::string read = find_class_list(directory);
  const char* const stems[] = {"class",      "classes",    "classname",  "classnames", "classlist",
                               "classtoidx", "idxtoclass", "classindex", "label",      "labels",
                               "labelnames", "labelmap",   "categories", "synset",     "synsets"};
  const char* const endings[] = {"txt",  "json", "csv",   "tsv", "names",
                                 "yaml", "yml",  "pbtxt", "xml"};
  const auto is_one_of = [](const auto& words, const std::string& word) {
    return std::find(std::begin(words), std::end(words), word) != std::end(words);
  };
  std::vector<std::string> others;
  for (const fs::path& path : files_in(directory))
    if (path.string() != read && is_one_of(endings, letters_of(path.extension())) &&
        is_one_of(stems, letters_of(path.stem().string())))
      others.push_back(path.string());
  return others;
}

}  // namespace fovea
