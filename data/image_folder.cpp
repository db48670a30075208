#include "data/image_folder.h"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "core/error.h"
#include "data/decode.h"

namespace fovea {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t test_share = 6;  // without a test folder, one image in so many

struct Listing {
  std::vector<std::string> classes;
  std::vector<ImageFile> train, test;
  std::string note;
};

bool is_image_name(const fs::path& path) {
  std::string ending = path.extension().string();
  for (char& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const char* const known[] = {".png", ".jpg", ".jpeg", ".bmp", ".pgm", ".ppm", ".tga"};
  return std::find(std::begin(known), std::end(known), ending) != std::end(known);
}

bool is_hidden(const fs::path& path) {
  return path.filename().string().starts_with('.');
}

bool is_image(const fs::directory_entry& entry) {
  return is_image_name(entry.path()) && !is_hidden(entry.path()) && !entry.is_directory();
}

bool has_images(const fs::path& folder) {
  const fs::directory_iterator entries(folder);
  return std::any_of(begin(entries), end(entries), is_image);
}

// The paths of a folder's images in the order of their names: the system's order is arbitrary.
std::vector<std::string> image_paths(const fs::path& folder) {
  std::vector<std::string> paths;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder))
    if (is_image(entry)) paths.push_back(entry.path().string());
  std::sort(paths.begin(), paths.end());
  return paths;
}

bool is_number(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(),
                                      [](unsigned char c) { return std::isdigit(c) != 0; });
}

// Compares "9" < "10" of any length; equal numbers ("1", "01") by their spelling.
bool numerically_less(const std::string& a, const std::string& b) {
  const std::string x = a.substr(std::min(a.find_first_not_of('0'), a.size()));
  const std::string y = b.substr(std::min(b.find_first_not_of('0'), b.size()));
  if (x.size() != y.size()) return x.size() < y.size();
  return x != y ? x < y : a < b;
}

void sort_classes(std::vector<std::string>& names) {
  if (std::all_of(names.begin(), names.end(), is_number))
    std::sort(names.begin(), names.end(), numerically_less);
  else
    std::sort(names.begin(), names.end());
}

// Names of the folders directly in `directory`, sorted as classes.
std::vector<std::string> folders_in(const fs::path& directory) {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory))
    if (entry.is_directory() && !is_hidden(entry.path()))
      names.push_back(entry.path().filename().string());
  sort_classes(names);
  return names;
}

std::vector<ImageFile> list_part(const fs::path& part, const std::vector<std::string>& classes) {
  std::vector<ImageFile> files;
  for (const std::string& folder : folders_in(part)) {
    const auto found = std::find(classes.begin(), classes.end(), folder);
    require(found != classes.end(), (part / folder).string(),
            ": a class that the training set does not have");
    const std::vector<std::string> paths = image_paths(part / folder);
    require(!paths.empty(), (part / folder).string(), ": a class folder without images",
            " (png, jpg, bmp, pgm, ppm, tga): fill or remove it");
    for (const std::string& path : paths)
      files.push_back({path, static_cast<int>(found - classes.begin())});
  }
  return files;
}

// train/<class>/ with test/<class>/ or val/<class>/.
Listing list_two_parts(const fs::path& directory) {
  const fs::path train = directory / "train";
  const fs::path test = directory / (fs::is_directory(directory / "test") ? "test" : "val");
  require(fs::is_directory(test), directory.string(), ": has train/ but neither test/ nor val/");
  Listing listing;
  listing.classes = folders_in(train);
  listing.train = list_part(train, listing.classes);
  listing.test = list_part(test, listing.classes);
  require(!listing.test.empty(), test.string(), ": has no class folders");
  return listing;
}

// <class>/ folders only; folders without images do not count as classes.
Listing list_one_part(const fs::path& directory) {
  Listing listing;
  for (const std::string& folder : folders_in(directory)) {
    if (!has_images(directory / folder)) continue;
    const std::vector<std::string> paths = image_paths(directory / folder);
    const int label = static_cast<int>(listing.classes.size());
    for (std::size_t i = 0; i < paths.size(); ++i) {
      const bool for_test = i % test_share == test_share - 1;
      (for_test ? listing.test : listing.train).push_back({paths[i], label});
    }
    listing.classes.push_back(folder);
  }
  require(!listing.test.empty(), directory.string(), ": no class has ", test_share,
          " images, so none are left for testing: add images, or a train/ and a test/ folder");
  listing.note = cat("no test folder: every ", test_share,
                     "th image of a class, by file name, is in the test set");
  return listing;
}

bool has_class_folders(const fs::path& directory) {
  for (const std::string& folder : folders_in(directory))
    if (has_images(directory / folder)) return true;
  return false;
}

bool has_train_folder(const fs::path& directory) {
  return fs::is_directory(directory / "train") && has_class_folders(directory / "train");
}

void append_note(std::string& note, const std::string& more) {
  if (!note.empty()) note += "; ";
  note += more;
}

}  // namespace

bool has_image_folder(const std::string& directory) {
  return has_train_folder(directory) || has_class_folders(directory);
}

DataSplit read_image_folder(const std::string& directory, bool skip_unreadable) {
  const Listing listing =
      has_train_folder(directory) ? list_two_parts(directory) : list_one_part(directory);
  DataSplit split;
  split.train.class_names = split.test.class_names = listing.classes;
  const std::size_t skipped = decode_files(listing.train, listing.test, skip_unreadable, split);
  if (!listing.note.empty()) append_note(split.train.note, listing.note);
  if (skipped > 0) append_note(split.train.note, cat(skipped, " unreadable images left out"));
  set_statistics(split);
  return split;
}

}  // namespace fovea
