#include "data/image_folder.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <optional>
#include <set>

#include "core/error.h"
#include "core/utf8.h"
#include "data/codecs/decode.h"
#include "data/folders/image_listing.h"
#include "data/folders/image_parts.h"
#include "data/folders/like_names.h"

namespace fovea {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t test_share = 6;  // without a test folder, one image in so many

struct Listing {
  std::vector<std::string> classes;
  std::vector<ImageFile> train, test;
  std::string note;
};

std::string file_name(const std::string& path) {
  return fs::path(path).filename().string();
}

bool has_images(const std::vector<ClassImages>& classes) {
  return std::any_of(classes.begin(), classes.end(),
                     [](const ClassImages& one) { return !one.paths.empty(); });
}

bool has_class_folders(const std::string& directory) {
  return !folders_in(directory).empty() && has_images(list_classes(directory));
}

// The folders of a set that comes in parts.
struct Parts {
  std::string train;
  std::vector<std::string> tests;  // the first is used
};

// A part as archives leave it, train/train/<class>: the inner folder.
std::string without_wrapping(const std::string& part) {
  const std::vector<std::string> folders = folders_in(part);
  if (folders.size() != 1 || has_images(list_classes(part))) return part;
  const std::string inner = (fs::path(part) / folders[0]).string();
  return folders[0] == file_name(part) || has_class_folders(inner) ? inner : part;
}

// train/ with classes in it, and test/; or two folders whose names differ in that word alone.
std::optional<Parts> find_folders(const std::string& directory) {
  for (const std::string& train : find_parts(directory, train_words))
    if (const std::string inner = without_wrapping(train); has_images(list_classes(inner)))
      return Parts{inner, find_parts(directory, test_words)};
  std::vector<Parts> pairs;
  for (const std::string& folder : folders_in(directory)) {
    for (const char* word : train_words) {
      const auto rest = beside_word(folder, word);
      if (!rest) continue;
      Parts parts = {without_wrapping((fs::path(directory) / folder).string()),
                     find_parts(directory, test_words, *rest)};
      if (!parts.tests.empty() && has_images(list_classes(parts.train)))
        pairs.push_back(std::move(parts));
      break;
    }
  }
  if (pairs.size() != 1) return std::nullopt;
  return pairs[0];
}

// "a, b, c, ...".
std::string some_of(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < 10; ++i) text += (i ? ", " : "") + names[i];
  return text + (names.size() > 10 ? ", ..." : "");
}

// Where a test class is among those of training, perhaps with its letters encoded in another way.
auto find_class(const std::vector<std::string>& classes, const std::string& name) {
  const auto same = std::find(classes.begin(), classes.end(), name);
  if (same != classes.end()) return same;
  const auto alike = [&](const std::string& other) {
    return decomposed(other) == decomposed(name);
  };
  const auto found = std::find_if(classes.begin(), classes.end(), alike);
  if (found == classes.end() || std::count_if(found, classes.end(), alike) > 1)
    return classes.end();
  std::fprintf(stderr,
               "warning: test images of %s are taken for the training class of that name, whose "
               "letters are encoded in another way (composed or decomposed)\n",
               printable(name, 60).c_str());
  return found;
}

std::string like_among(const std::vector<std::string>& classes, const std::string& name) {
  for (const std::string& other : classes)
    if (look_alike(name, other))
      return cat("; if it is meant to be '", other, "', give both folders one name");
  return "";
}

std::vector<ImageFile> list_part(const std::string& part, const std::vector<ClassImages>& found,
                                 const std::vector<std::string>& classes) {
  std::vector<ImageFile> files;
  for (const ClassImages& one : found) {
    const std::string folder = (fs::path(part) / one.name).string();
    const auto label = find_class(classes, one.name);
    require(label != classes.end(), folder,
            ": a class that the training set does not have (it has ", some_of(classes), ")",
            like_among(classes, one.name));
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

// Which reading was chosen, where it is not one folder a class.
std::string reading_note(const std::string& directory, const std::vector<ClassImages>& classes) {
  for (const ClassImages& one : classes) {
    if (one.paths.empty() || one.folder == (fs::path(directory) / one.name).string()) continue;
    if (one.folder != directory)
      return cat("images are a folder below their class, as in ", one.name, "/",
                 file_name(one.folder));
    return cat("classes by the names of files: ", file_name(one.paths[0]), " is of class ",
               one.name);
  }
  return "";
}

// Folders with images and files that belong to no part.
void note_beside_parts(const std::string& directory, const Parts& parts, LeftOut& left_out) {
  const std::string test = file_name(parts.tests[0]);
  for (const std::string& name : folders_in(directory)) {
    const std::string folder = (fs::path(directory) / name).string();
    if (cat(parts.train, "/").starts_with(folder + "/") || folder == parts.tests[0]) continue;
    if (!images_in(folder).empty() || has_images(list_classes(folder)))
      left_out.add(cat("neither ", file_name(parts.train), "/ nor ", test, "/, the test set"),
                   folder);
  }
  for (const std::string& path : images_in(directory))
    left_out.add("images beside the class folders", path);
}

void require_classes(const std::string& directory, const std::vector<std::string>& classes) {
  require(classes.size() > 1, directory, ": all images are of one class, ", classes[0],
          "; make a folder for each class (", describe_folder(directory), ")");
}

// train/<class>/ with test/<class>/ or another of its names.
Listing list_two_parts(const std::string& directory, const Parts& parts, LeftOut& left_out) {
  require(!parts.tests.empty(), directory, ": has ", file_name(parts.train),
          "/ but neither test/ nor val/ (", describe_folder(directory), ")");
  const std::string test = without_wrapping(parts.tests[0]);
  note_beside_parts(directory, parts, left_out);
  Listing listing;
  const std::vector<ClassImages> found = list_classes(parts.train, &left_out);
  for (const ClassImages& one : found) listing.classes.push_back(one.name);
  require_classes(parts.train, listing.classes);
  warn_of_same_folders(found);
  listing.train = list_part(parts.train, found, listing.classes);
  listing.test =
      list_part(test, list_classes(test, &left_out, images_in(parts.train)), listing.classes);
  listing.note = reading_note(parts.train, found);
  require(!listing.test.empty(), test, ": has no class folders (", describe_folder(test), ")");
  return listing;
}

// What is called like two parts of one class, cat_train and cat_test, is no two classes.
void refuse_parts(const std::string& directory, const std::vector<ClassImages>& classes) {
  std::map<std::string, std::string> tests;
  for (const ClassImages& one : classes)
    for (const char* word : test_words)
      if (const auto rest = beside_word(one.name, word); rest && !one.paths.empty())
        tests.emplace(*rest, one.name);
  for (const ClassImages& one : classes)
    for (const char* word : train_words)
      if (const auto rest = beside_word(one.name, word); rest && !one.paths.empty())
        if (const auto test = tests.find(*rest); test != tests.end())
          fail(directory, ": ", one.name, " and ", test->second,
               " are called like parts of a set, and would be two classes (",
               describe_folder(directory),
               "); use train/<class>/*.png and test/<class>/*.png, or "
               "<class>_train/*.png and <class>_test/*.png of two classes or more");
}

// cat_train/ and cat_test/, or cat/train/ and cat/test/.
Listing list_class_parts(const std::string& directory, const std::vector<ClassParts>& classes,
                         LeftOut& left_out) {
  Listing listing;
  std::set<std::string> used;
  for (const ClassParts& one : classes) {
    const int label = static_cast<int>(listing.classes.size());
    listing.classes.push_back(one.name);
    for (const std::string& path : images_in(one.train)) listing.train.push_back({path, label});
    if (!one.test.empty())
      for (const std::string& path : images_in(one.test)) listing.test.push_back({path, label});
    used.insert({one.train, one.test});
  }
  for (const std::string& name : folders_in(directory)) {
    const std::string folder = (fs::path(directory) / name).string();
    for (const std::string& inner : folders_in(folder))
      if (const std::string path = (fs::path(folder) / inner).string();
          !used.contains(path) && !images_in(path).empty())
        left_out.add("neither training nor test images of a class", path);
    if (!used.contains(folder) && !images_in(folder).empty())
      left_out.add("neither training nor test images of a class", folder);
  }
  for (const std::string& path : images_in(directory))
    left_out.add("images beside the class folders", path);
  const ClassParts& last = classes.back();
  listing.note =
      cat("parts by the names of folders: ", fs::relative(last.train, directory).string(),
          "/ has training images of class ", last.name);
  return listing;
}

// Classes only; folders without images do not count as classes.
Listing list_one_part(const std::string& directory, LeftOut& left_out) {
  for (const std::string& part : find_parts(directory, train_words))
    require(images_in(part).empty(), part, ": holds images that are in no class (",
            describe_folder(part),
            "); use train/<class>/*.png or train/<class>_1.png; if it is a class, rename it");
  Listing listing;
  const std::vector<ClassImages> found = list_classes(directory, &left_out);
  refuse_parts(directory, found);
  warn_of_same_folders(found);
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
  require_classes(directory, listing.classes);
  require(!listing.test.empty(), directory, ": no class has ", test_share,
          " images, so none are left for testing: add images, or a train/ and a test/ folder");
  listing.note = reading_note(directory, found);
  append_note(listing.note, cat("no test folder: every ", test_share,
                                "th image of a class, by file name, is in the test set"));
  return listing;
}

}  // namespace

bool has_image_folder(const std::string& directory) {
  return find_folders(directory) || has_images(list_classes(directory)) ||
         !find_class_parts(directory).empty();
}

DataSplit read_image_folder(const std::string& directory, bool skip_unreadable) {
  LeftOut left_out;
  const std::optional<Parts> parts = find_folders(directory);
  const auto classes = parts ? std::vector<ClassParts>() : find_class_parts(directory);
  const Listing listing = parts              ? list_two_parts(directory, *parts, left_out)
                          : !classes.empty() ? list_class_parts(directory, classes, left_out)
                                             : list_one_part(directory, left_out);
  left_out.report();
  warn_of_like_names(listing.classes);
  DataSplit split;
  for (const std::string& name : listing.classes) split.train.class_names.push_back(as_utf8(name));
  split.test.class_names = split.train.class_names;
  const std::size_t skipped = decode_files(listing.train, listing.test, skip_unreadable, split);
  if (!listing.note.empty()) append_note(split.train.note, listing.note);
  if (skipped > 0) append_note(split.train.note, cat(skipped, " unreadable images left out"));
  set_statistics(split);
  return split;
}

}  // namespace fovea
