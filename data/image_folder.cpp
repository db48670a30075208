#include "data/image_folder.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <filesystem>
#include <optional>

#include "core/error.h"
#include "data/codecs/decode.h"
#include "data/image_listing.h"

namespace fovea {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t test_share = 6;  // without a test folder, one image in so many

struct Listing {
  std::vector<std::string> classes;
  std::vector<ImageFile> train, test;
  std::string note;
};

// The folders in `directory` that have one of `names`, in any case, in the order of `names`.
std::vector<std::string> find_parts(const std::string& directory,
                                    std::initializer_list<const char*> names) {
  std::vector<std::string> parts;
  const std::vector<std::string> folders = folders_in(directory);
  for (const char* name : names)
    for (const std::string& folder : folders)
      if (std::equal(
              folder.begin(), folder.end(), name, name + std::strlen(name),
              [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; }))
        parts.push_back((fs::path(directory) / folder).string());
  return parts;
}

bool has_images(const std::vector<ClassImages>& classes) {
  return std::any_of(classes.begin(), classes.end(),
                     [](const ClassImages& one) { return !one.paths.empty(); });
}

// train/, or training/, if there are classes in it.
std::optional<std::string> train_folder(const std::string& directory) {
  for (const std::string& part : find_parts(directory, {"train", "training"}))
    if (has_images(list_classes(part))) return part;
  return std::nullopt;
}

std::vector<ImageFile> list_part(const std::string& part, const std::vector<ClassImages>& found,
                                 const std::vector<std::string>& classes) {
  std::vector<ImageFile> files;
  for (const ClassImages& one : found) {
    const std::string folder = (fs::path(part) / one.name).string();
    const auto label = std::find(classes.begin(), classes.end(), one.name);
    require(label != classes.end(), folder, ": a class that the training set does not have");
    require(!one.paths.empty(), folder, ": a class folder without images",
            " (png, jpg, webp, gif, tiff, bmp, pgm, ppm, tga): fill or remove it");
    for (const std::string& path : one.paths)
      files.push_back({path, static_cast<int>(label - classes.begin())});
  }
  return files;
}

void append_note(std::string& note, const std::string& more) {
  if (!note.empty()) note += "; ";
  note += more;
}

// Which reading was chosen, where names of files give classes.
std::string named_note(const std::string& directory, const std::vector<ClassImages>& classes) {
  for (const ClassImages& one : classes)
    if (!one.paths.empty() && fs::path(one.paths[0]).parent_path() == fs::path(directory))
      return cat("classes by the names of files: ", fs::path(one.paths[0]).filename().string(),
                 " is of class ", one.name);
  return "";
}

// train/<class>/ with test/<class>/ or another of its names.
Listing list_two_parts(const std::string& directory, const std::string& train, LeftOut& left_out) {
  const std::vector<std::string> tests =
      find_parts(directory, {"test", "testing", "val", "valid", "validation"});
  require(!tests.empty(), directory, ": has ", fs::path(train).filename().string(),
          "/ but neither test/ nor val/ (", describe_folder(directory), ")");
  for (std::size_t i = 1; i < tests.size(); ++i)
    left_out.add(cat(fs::path(tests[0]).filename().string(), "/ is the test set"), tests[i]);
  Listing listing;
  const std::vector<ClassImages> found = list_classes(train, &left_out);
  for (const ClassImages& one : found) listing.classes.push_back(one.name);
  listing.train = list_part(train, found, listing.classes);
  listing.test =
      list_part(tests[0], list_classes(tests[0], &left_out, images_in(train)), listing.classes);
  listing.note = named_note(train, found);
  require(!listing.test.empty(), tests[0], ": has no class folders (", describe_folder(tests[0]),
          ")");
  return listing;
}

// Classes only; folders without images do not count as classes.
Listing list_one_part(const std::string& directory, LeftOut& left_out) {
  for (const std::string& part : find_parts(directory, {"train", "training"}))
    require(images_in(part).empty(), part, ": holds images that are in no class (",
            describe_folder(part), "); use train/<class>/*.png or train/<class>_1.png");
  Listing listing;
  const std::vector<ClassImages> found = list_classes(directory, &left_out);
  for (const ClassImages& one : found) {
    if (one.paths.empty()) {
      left_out.add("folders without images", (fs::path(directory) / one.name).string());
      continue;
    }
    const int label = static_cast<int>(listing.classes.size());
    for (std::size_t i = 0; i < one.paths.size(); ++i) {
      const bool for_test = i % test_share == test_share - 1;
      (for_test ? listing.test : listing.train).push_back({one.paths[i], label});
    }
    listing.classes.push_back(one.name);
  }
  require(!listing.test.empty(), directory, ": no class has ", test_share,
          " images, so none are left for testing: add images, or a train/ and a test/ folder");
  require(listing.classes.size() > 1, directory, ": all images are of one class, ",
          listing.classes[0], "; make a folder for each class");
  listing.note = named_note(directory, found);
  append_note(listing.note, cat("no test folder: every ", test_share,
                                "th image of a class, by file name, is in the test set"));
  return listing;
}

}  // namespace

bool has_image_folder(const std::string& directory) {
  return train_folder(directory) || has_images(list_classes(directory));
}

DataSplit read_image_folder(const std::string& directory, bool skip_unreadable) {
  LeftOut left_out;
  const std::optional<std::string> train = train_folder(directory);
  const Listing listing =
      train ? list_two_parts(directory, *train, left_out) : list_one_part(directory, left_out);
  left_out.report();
  DataSplit split;
  split.train.class_names = split.test.class_names = listing.classes;
  const std::size_t skipped = decode_files(listing.train, listing.test, skip_unreadable, split);
  if (!listing.note.empty()) append_note(split.train.note, listing.note);
  if (skipped > 0) append_note(split.train.note, cat(skipped, " unreadable images left out"));
  set_statistics(split);
  return split;
}

}  // namespace fovea
