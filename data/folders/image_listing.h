// Which files of a folder are images of which class, and what is left out.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace fovea {

/// `text` with its letters of ASCII in lower case.
std::string lower(std::string text);

/// Whether a path names an image this program reads: by its ending, else by its content. Hidden
/// files (.DS_Store, ._x.png) and folders are none.
bool is_image_path(const std::string& path);

/// The images directly in `folder`, sorted by name: the system's order is arbitrary. Throws Error
/// if it cannot be listed.
std::vector<std::string> images_in(const std::string& folder);

/// The names of the folders in `directory` that are not hidden, and no system's (__MACOSX); in
/// numerical order if all are numbers, else by name.
std::vector<std::string> folders_in(const std::string& directory);

/// What readers leave out, counted for each reason, so that nothing vanishes without a word.
class LeftOut {
 public:
  void add(const std::string& reason, const std::string& path) { paths_[reason].push_back(path); }

  /// One line a reason, with the number and the first three paths.
  std::vector<std::string> lines() const;
  void report() const;  ///< the lines on stderr

 private:
  std::map<std::string, std::vector<std::string>> paths_;
};

/// Images with the class that folders or names give them.
struct ClassImages {
  std::string name;
  std::string folder;              ///< that of its images
  std::vector<std::string> paths;  ///< sorted; may be empty
};

/// The classes in `directory`: its folders, if one of them holds images, directly or in its only
/// folder that does (cat/images/1.png); else by the names of the images directly in it
/// (find_name_rule()), read as those of `named_like`, if there are any. Empty if there are neither.
/// What is in no class goes to `left_out`, if that is given.
std::vector<ClassImages> list_classes(const std::string& directory, LeftOut* left_out = nullptr,
                                      const std::vector<std::string>& named_like = {});

/// Warns on stderr of classes that are one folder under two names, by a link.
void warn_of_same_folders(const std::vector<ClassImages>& classes);

/// "found: 3 folders (a, b, c) with 90 files (.heic), 12 files (.txt, .npz)", for errors; of images
/// beside them, which are in no class, the first names.
std::string describe_folder(const std::string& directory);

}  // namespace fovea
