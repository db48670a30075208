#include "data/emnist.h"

#include <algorithm>
#include <filesystem>

#include "data/mnist.h"

namespace fovea {

namespace {

namespace fs = std::filesystem;

constexpr const char* digits = "0123456789";
constexpr const char* capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

struct EmnistSet {
  const char* name;
  std::string classes;  // a character each
  int first_label = 0;
};

const std::vector<EmnistSet>& emnist_sets() {
  // Lower-case letters that look like capitals are merged with them.
  static const std::string merged = cat(digits, capitals, "abdefghnqrt");
  static const std::vector<EmnistSet> sets = {
      {"balanced", merged},     {"byclass", cat(digits, capitals, "abcdefghijklmnopqrstuvwxyz")},
      {"bymerge", merged},      {"digits", digits},
      {"letters", capitals, 1}, {"mnist", digits}};
  return sets;
}

std::string stem(const EmnistSet& set, const char* part) {
  return cat("emnist-", set.name, "-", part);
}

std::vector<const EmnistSet*> sets_in(const std::string& directory) {
  std::vector<const EmnistSet*> found;
  for (const EmnistSet& set : emnist_sets())
    if (!find_idx(directory, stem(set, "train"), "-images", "idx3-ubyte").empty() ||
        !find_idx(directory, stem(set, "test"), "-images", "idx3-ubyte").empty())
      found.push_back(&set);
  return found;
}

// The set that the last part of a path names, if the rest is a folder that holds it.
const EmnistSet* named_set(const fs::path& path) {
  std::string name = path.filename().string();
  if (name.starts_with("emnist-")) name = name.substr(7);
  for (const EmnistSet* set : sets_in(path.parent_path().string()))
    if (set->name == name) return set;
  return nullptr;
}

void transpose_images(Dataset& data) {
  const int height = data.image_shape[1], width = data.image_shape[2];
  const auto length = static_cast<std::size_t>(height) * width;
  std::vector<std::uint8_t> turned(length);
  for (std::size_t begin = 0; begin < data.pixels.size(); begin += length) {
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x)
        turned[std::size_t(x) * height + y] = data.pixels[begin + std::size_t(y) * width + x];
    std::copy(turned.begin(), turned.end(), data.pixels.begin() + std::ptrdiff_t(begin));
  }
  data.image_shape = Shape{1, width, height};
}

Dataset read_part(const std::string& directory, const EmnistSet& set, const char* part) {
  IdxClasses classes = {.names = {}, .first_label = set.first_label};
  for (const char c : set.classes) classes.names.emplace_back(1, c);
  Dataset data =
      read_idx_pair(require_idx(directory, stem(set, part), "-images", "idx3-ubyte"),
                    require_idx(directory, stem(set, part), "-labels", "idx1-ubyte"), classes);
  transpose_images(data);
  return data;
}

}  // namespace

bool has_emnist(const std::string& directory) {
  return !sets_in(directory).empty();
}

bool is_emnist_set(const std::string& path) {
  return named_set(path) != nullptr;
}

DataSplit read_emnist(const std::string& path) {
  std::string directory = path;
  std::vector<const EmnistSet*> sets = sets_in(directory);
  if (const EmnistSet* set = sets.empty() ? named_set(path) : nullptr) {
    directory = fs::path(path).parent_path().string();
    sets = {set};
  }
  std::string names;
  for (const EmnistSet* set : sets) names += cat(names.empty() ? "" : ", ", set->name);
  require(sets.size() == 1, directory, ": holds ", sets.size(), " sets of EMNIST (", names,
          "); name one of them, as ", (fs::path(directory) / sets[0]->name).string());
  require_same_size(directory, stem(*sets[0], "train"), stem(*sets[0], "test"));
  DataSplit split = {.train = read_part(directory, *sets[0], "train"),
                     .test = read_part(directory, *sets[0], "test")};
  split.train.note = cat("EMNIST ", sets[0]->name, ", images turned upright");
  set_statistics(split);
  return split;
}

}  // namespace fovea
