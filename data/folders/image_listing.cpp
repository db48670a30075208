#include "data/folders/image_listing.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <set>

#include "core/error.h"
#include "data/folders/image_names.h"
#include "data/image.h"

namespace fovea {

namespace {

namespace fs = std::filesystem;

// Also what systems leave in folders: copies and thumbnails of images, and what only they may read.
bool is_hidden(const fs::path& path) {
  const std::string name = path.filename().string();
  const char* const others[] = {"__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information",
                                "lost+found"};
  return name.starts_with('.') ||
         std::find(std::begin(others), std::end(others), name) != std::end(others);
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;  // a link that leads nowhere is a file that cannot be read
  return fs::is_directory(path, ignored);
}

bool is_number(const std::string& name) {
  return !name.empty() && name.find_first_not_of("0123456789") == name.npos;
}

// Compares "9" < "10" of any length; equal numbers ("1", "01") by their spelling.
bool numerically_less(const std::string& a, const std::string& b) {
  const std::string x = a.substr(std::min(a.find_first_not_of('0'), a.size()));
  const std::string y = b.substr(std::min(b.find_first_not_of('0'), b.size()));
  if (x.size() != y.size()) return x.size() < y.size();
  return x != y ? x < y : a < b;
}

void sort_names(std::vector<std::string>& names) {
  if (std::all_of(names.begin(), names.end(), is_number))
    std::sort(names.begin(), names.end(), numerically_less);
  else
    std::sort(names.begin(), names.end());
}

std::string plural(std::size_t count, const char* what) {
  return cat(count, " ", what, count == 1 ? "" : "s");
}

// "a, b, c, ...": the first `most` of them.
std::string first_few(const std::vector<std::string>& names, std::size_t most) {
  std::string out;
  for (std::size_t i = 0; i < std::min(most, names.size()); ++i)
    out += (i ? ", " : "") + printable(names[i]);
  return out + (names.size() > most ? ", ..." : "");
}

// The classes in the names of `paths`, by the rule that fits those of `like`; none if none does.
std::vector<ClassImages> by_name(const std::vector<std::string>& paths,
                                 const std::vector<std::string>& like, LeftOut* left_out) {
  const NameRule rule = find_name_rule(like);
  if (!rule) return {};
  std::map<std::string, std::vector<std::string>> found;
  std::vector<std::string> names;
  for (const std::string& path : paths) {
    const std::string name = class_in_name(path, rule);
    std::vector<std::string>& images = found[name];
    if (images.empty()) names.push_back(name);
    images.push_back(path);
  }
  sort_names(names);
  std::vector<ClassImages> classes;
  for (const std::string& name : names)
    if (!name.empty())
      classes.push_back({name, fs::path(found[name][0]).parent_path().string(), found[name]});
  if (left_out && found.contains(""))
    for (const std::string& path : found[""]) left_out->add("no class in the file's name", path);
  return classes;
}

std::vector<fs::path> files_in(const std::string& folder) {
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder))
    if (!is_hidden(entry.path()) && !is_folder(entry.path())) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

void note_other_files(const std::string& folder, LeftOut& left_out) {
  for (const fs::path& path : files_in(folder))
    if (!is_image_path(path.string()))
      left_out.add("no image that this program reads", path.string());
}

// The images in a class folder; where there are none, those in its only folder with images.
ClassImages images_of_class(const std::string& directory, const std::string& name) {
  const std::string folder = (fs::path(directory) / name).string();
  ClassImages one = {name, folder, images_in(folder)};
  if (!one.paths.empty()) return one;
  for (const std::string& inner : folders_in(folder)) {
    const std::string deeper = (fs::path(folder) / inner).string();
    std::vector<std::string> paths = images_in(deeper);
    if (paths.empty()) continue;
    if (!one.paths.empty()) return {name, folder, {}};  // several: of one class, or classes?
    one.folder = deeper, one.paths = std::move(paths);
  }
  return one;
}

// Counts what is in a class folder and not of the class.
void note_others(const ClassImages& one, const std::string& directory, LeftOut& left_out) {
  const std::string folder = (fs::path(directory) / one.name).string();
  note_other_files(folder, left_out);
  if (one.folder != folder) note_other_files(one.folder, left_out);
  for (const std::string& at : {folder, one.folder}) {
    for (const std::string& name : folders_in(at))
      if (const std::string inner = (fs::path(at) / name).string(); inner != one.folder)
        left_out.add("inside of a class folder are folders, which are not looked into", inner);
    if (one.folder == folder) break;
  }
}

// "12 files (.csv, .png)"; of a few their names.
std::string describe_files(const std::vector<fs::path>& files) {
  std::set<std::string> names;
  for (const fs::path& file : files) {
    const std::string name = file.filename().string(), ending = file.extension().string();
    names.insert(files.size() <= 3 || ending.empty() ? name : ending);
  }
  return cat(plural(files.size(), "file"), " (", first_few({names.begin(), names.end()}, 5), ")");
}

}  // namespace

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

bool is_image_path(const std::string& text) {
  const fs::path path(text);
  if (is_hidden(path) || is_folder(path)) return false;
  const std::string ending = lower(path.extension().string());
  const char* const known[] = {".png", ".jpg",  ".jpeg", ".jfif", ".webp", ".gif",
                               ".tif", ".tiff", ".bmp",  ".pgm",  ".ppm",  ".tga"};
  return std::find(std::begin(known), std::end(known), ending) != std::end(known) ||
         is_image_file(text);
}

std::vector<std::string> images_in(const std::string& folder) {
  std::vector<std::string> paths;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder))
    if (is_image_path(entry.path().string())) paths.push_back(entry.path().string());
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::vector<std::string> folders_in(const std::string& directory) {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory))
    if (!is_hidden(entry.path()) && is_folder(entry.path()))
      names.push_back(entry.path().filename().string());
  sort_names(names);
  return names;
}

std::vector<std::string> LeftOut::lines() const {
  std::vector<std::string> lines;
  for (const auto& [reason, paths] : paths_)
    lines.push_back(cat("left out: ", paths.size(), " (", reason, "): ", first_few(paths, 3)));
  return lines;
}

void LeftOut::report() const {
  for (const std::string& line : lines()) std::fprintf(stderr, "%s\n", line.c_str());
}

std::vector<ClassImages> list_classes(const std::string& directory, LeftOut* left_out,
                                      const std::vector<std::string>& named_like) {
  std::vector<ClassImages> classes;
  int direct = 0, deeper = 0;
  for (const std::string& name : folders_in(directory)) {
    classes.push_back(images_of_class(directory, name));
    if (const ClassImages& one = classes.back(); !one.paths.empty())
      ++(fs::path(one.folder).parent_path() == fs::path(directory) ? direct : deeper);
  }
  const bool any = direct > 0 || deeper > 1;
  const std::vector<std::string> loose = images_in(directory);
  if (!any) classes = by_name(loose, named_like.empty() ? loose : named_like, left_out);
  if (!left_out || classes.empty()) return classes;
  note_other_files(directory, *left_out);
  if (!any) return classes;
  for (const ClassImages& one : classes) note_others(one, directory, *left_out);
  for (const std::string& path : loose) left_out->add("images beside the class folders", path);
  return classes;
}

void warn_of_same_folders(const std::vector<ClassImages>& classes) {
  std::map<fs::path, std::string> seen;
  for (const ClassImages& one : classes) {
    if (one.paths.empty()) continue;
    // Of classes that files name, one folder holds all.
    const auto [before, is_new] = seen.emplace(fs::canonical(one.paths[0]), one.name);
    if (!is_new)
      std::fprintf(stderr, "warning: '%s' and '%s' are two classes, but one folder by a link\n",
                   printable(before->second, 60).c_str(), printable(one.name, 60).c_str());
  }
}

std::string describe_folder(const std::string& directory) {
  const std::vector<std::string> folders = folders_in(directory);
  const std::vector<fs::path> files = files_in(directory);
  std::vector<fs::path> deeper;
  for (const std::string& name : folders)
    for (const fs::path& path : files_in((fs::path(directory) / name).string()))
      deeper.push_back(path);
  std::string out;
  if (!folders.empty())
    out = cat(plural(folders.size(), "folder"), " (", first_few(folders, 5), ")",
              deeper.empty() ? "" : " with " + describe_files(deeper));
  if (!files.empty()) out += cat(out.empty() ? "" : ", ", describe_files(files));
  std::vector<std::string> images;
  for (const std::string& path : images_in(directory))
    images.push_back(fs::path(path).filename().string());
  if (!images.empty()) out += cat("; names of images give no class: ", first_few(images, 3));
  return out.empty() ? "it is empty" : "found: " + out;
}

}  // namespace fovea
