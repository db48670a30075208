#include "data/folders/image_parts.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <filesystem>

#include "data/folders/image_listing.h"
#include "data/folders/like_names.h"

namespace fovea {

namespace {

namespace fs = std::filesystem;

// They tell nothing of what the images show.
bool is_filler(const std::string& name) {
  const std::string rest = lower(name);
  const char* const fillers[] = {
      "set",   "data",    "dataset",  "image",  "images", "imageset", "img",
      "imgs",  "picture", "pictures", "pics",   "photos", "files",    "samples",
      "split", "jpg",     "png",      "folder", "labels", "masks",    "annotations"};
  return std::find(std::begin(fillers), std::end(fillers), rest) != std::end(fillers);
}

// "golden_retriever" of "golden_retriever_train": the name as it is, without the word.
std::string without_word(std::string name, const char* word) {
  constexpr const char* separators = "_-. ";
  name.erase(lower(name).find(word), std::strlen(word));
  name.erase(name.find_last_not_of(separators) + 1);
  return name.erase(0, std::min(name.size(), name.find_first_not_of(separators)));
}

// The first of these folders that holds images and, by their names, no classes.
std::string first_with_images(const std::vector<std::string>& folders) {
  for (const std::string& folder : folders)
    if (!images_in(folder).empty() && list_classes(folder).empty()) return folder;
  return "";
}

ClassParts parts_of(const std::string& directory, const std::string& folder) {
  const std::string path = (fs::path(directory) / folder).string();
  if (images_in(path).empty())
    return {folder, first_with_images(find_parts(path, train_words)),
            first_with_images(find_parts(path, test_words))};
  for (const char* word : train_words)
    if (const auto rest = beside_word(folder, word);
        rest && !rest->empty() && lower(folder).find(word) != folder.npos)
      return {without_word(folder, word), first_with_images({path}),
              first_with_images(find_parts(directory, test_words, *rest))};
  return {};
}

}  // namespace

std::optional<std::string> beside_word(const std::string& name, const char* word) {
  std::string rest;
  for (const char c : lower(name))
    if (std::isalnum(static_cast<unsigned char>(c)) || static_cast<unsigned char>(c) > 127)
      rest += c;
  const std::size_t at = rest.find(word);
  if (at == rest.npos) return std::nullopt;
  rest.erase(at, std::strlen(word));
  return is_filler(rest) ? "" : rest;
}

std::vector<std::string> find_parts(const std::string& directory, Words words,
                                    const std::string& rest) {
  std::vector<std::string> parts;
  const std::vector<std::string> folders = folders_in(directory);
  for (const char* word : words)
    for (const std::string& folder : folders)
      if (const auto other = beside_word(folder, word);
          other && decomposed(*other) == decomposed(rest))
        parts.push_back((fs::path(directory) / folder).string());
  return parts;
}

std::vector<ClassParts> find_class_parts(const std::string& directory) {
  std::vector<ClassParts> classes;
  for (const std::string& folder : folders_in(directory))
    if (ClassParts one = parts_of(directory, folder); !one.train.empty() && !is_filler(one.name))
      classes.push_back(std::move(one));
  const bool tests = std::any_of(classes.begin(), classes.end(),
                                 [](const ClassParts& one) { return !one.test.empty(); });
  if (classes.size() < 2 || !tests) return {};
  return classes;
}

}  // namespace fovea
