#include "data/image_listing.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <set>

#include "core/error.h"
#include "data/image.h"
#include "data/image_names.h"

namespace fovea {

namespace {

namespace fs = std::filesystem;

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

bool is_hidden(const fs::path& path) {
  return path.filename().string().starts_with('.');
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
    if (!name.empty()) classes.push_back({name, std::move(found[name])});
  if (left_out && found.contains(""))
    for (const std::string& path : found[""]) left_out->add("no class in the file's name", path);
  return classes;
}

// Counts what is in a class folder and no image.
void note_others(const std::string& folder, LeftOut& left_out) {
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string path = entry.path().string();
    if (is_hidden(entry.path())) continue;
    if (is_folder(entry.path()))
      left_out.add("inside of a class folder are folders, which are not looked into", path);
    else if (!is_image_path(path))
      left_out.add("no image that this program reads", path);
  }
}

}  // namespace

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
  bool any = false;
  for (const std::string& name : folders_in(directory)) {
    classes.push_back({name, images_in((fs::path(directory) / name).string())});
    any = any || !classes.back().paths.empty();
  }
  const std::vector<std::string> loose = images_in(directory);
  if (any) {
    if (!left_out) return classes;
    for (const ClassImages& one : classes)
      note_others((fs::path(directory) / one.name).string(), *left_out);
    for (const std::string& path : loose) left_out->add("images beside the class folders", path);
    return classes;
  }
  return by_name(loose, named_like.empty() ? loose : named_like, left_out);
}

std::string describe_folder(const std::string& directory) {
  const std::vector<std::string> folders = folders_in(directory);
  std::size_t files = 0;
  std::set<std::string> endings;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory)) {
    if (is_hidden(entry.path()) || is_folder(entry.path())) continue;
    ++files;
    const std::string ending = entry.path().extension().string();
    endings.insert(ending.empty() ? entry.path().filename().string() : ending);
  }
  std::string out;
  if (!folders.empty())
    out = cat(plural(folders.size(), "folder"), " (", first_few(folders, 5), ")");
  if (files > 0)
    out += cat(out.empty() ? "" : ", ", plural(files, "file"), " (",
               first_few({endings.begin(), endings.end()}, 5), ")");
  std::vector<std::string> images;
  for (const std::string& path : images_in(directory))
    images.push_back(fs::path(path).filename().string());
  if (!images.empty()) out += cat("; names of images give no class: ", first_few(images, 3));
  return out.empty() ? "it is empty" : "found: " + out;
}

}  // namespace fovea
