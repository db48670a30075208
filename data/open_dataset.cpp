#include "data/open_dataset.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <optional>
#include <set>

#include "core/error.h"
#include "data/cifar.h"
#include "data/emnist.h"
#include "data/folders/class_lists.h"
#include "data/folders/image_listing.h"
#include "data/folders/image_parts.h"
#include "data/image_folder.h"
#include "data/mnist.h"
#include "data/qmnist.h"

namespace fovea {

namespace {

namespace fs = std::filesystem;

/// One kind of data set: how it is recognised, and read.
struct Format {
  std::vector<const char*> subfolders;  ///< where its files may be, as well
  const char* looked_for;               ///< for people
  bool (*is_here)(const std::string& directory);
  DataSplit (*read)(const std::string& directory, const OpenOptions& options);
};

// The one list, in the order in which folders are looked at: a new kind adds its line.
const Format formats[] = {
    {{"raw", "MNIST/raw"},
     "train-images-idx3-ubyte",
     has_mnist,
     [](const std::string& d, const OpenOptions&) { return read_mnist(d); }},
    {{"raw", "EMNIST/raw", "gzip"},
     "emnist-letters-train-images-idx3-ubyte",
     has_emnist,
     [](const std::string& d, const OpenOptions&) { return read_emnist(d); }},
    {{"raw", "QMNIST/raw"},
     "qmnist-train-images-idx3-ubyte",
     has_qmnist,
     [](const std::string& d, const OpenOptions&) { return read_qmnist(d); }},
    {{"cifar-10-batches-bin"},
     "data_batch_1.bin",
     has_cifar10,
     [](const std::string& d, const OpenOptions&) { return read_cifar10(d); }},
    {{},
     "train/<class>/*.png, <class>/*.png, <class>_1.png, 1_<class>.png",
     has_image_folder,
     [](const std::string& d, const OpenOptions& o) {
       return read_image_folder(d, o.skip_unreadable);
     }},
};

struct Found {
  const Format* format;
  std::string folder;
};

// The first format that fits, and the folder where.
std::optional<Found> find_format(const std::string& directory) {
  for (const Format& format : formats) {
    if (format.is_here(directory)) return Found{&format, directory};
    for (const char* subfolder : format.subfolders)
      if (const std::string folder = (fs::path(directory) / subfolder).string();
          format.is_here(folder))
        return Found{&format, folder};
  }
  return std::nullopt;
}

constexpr int most_parents = 3;             // folders around a folder that archives make
constexpr std::size_t most_entries = 5000;  // looked at in vain: not through a whole disk

constexpr int levels = 3;  // that has_image_folder() looks at

// Files and folders in a folder, and below it.
std::size_t count_entries(const std::string& directory, int levels) {
  std::size_t count = 0;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end;
       !error && entry != end && count <= most_entries; entry.increment(error)) {
    std::error_code unknown;
    ++count;
    if (levels > 1 && entry->is_directory(unknown))
      count += count_entries(entry->path().string(), levels - 1);
  }
  return count;
}

class Search {
 public:
  // The data set in a folder; or, if there is none, in the only one of its folders that has one.
  std::optional<Found> below(const std::string& directory, int parents) {
    if (const auto found = find_format(directory)) return found;
    // What is deeper counts where it is looked into next.
    entries_ += count_entries(directory, parents > 0 ? 1 : levels);
    if (parents == 0) return std::nullopt;
    std::optional<Found> inside;
    std::string names;
    int count = 0;
    for (const std::string& name : folders_in(directory)) {
      if (cut_short()) break;
      const auto found = below((fs::path(directory) / name).string(), parents - 1);
      // One folder may have two names, by a link.
      if (!found || (inside && fs::equivalent(inside->folder, found->folder))) continue;
      inside = found;
      names += (count++ > 0 ? ", " : "") + name;
    }
    if (count > 1)
      throw NoDataset(cat(fs::absolute(directory).string(), ": holds several data sets (", names,
                          "); name one of those folders; if they are classes, put their images "
                          "directly into them"));
    return inside;
  }

  bool cut_short() const { return entries_ > most_entries; }

 private:
  std::size_t entries_ = 0;
};

Found recognise(const std::string& directory) {
  Search search;
  const auto found = search.below(directory, most_parents);
  if (found && !search.cut_short()) return *found;
  std::string looked_for;
  for (const Format& format : formats)
    looked_for += cat(looked_for.empty() ? "" : ", ", format.looked_for);
  std::string cut;
  if (search.cut_short())
    cut = cat("; it holds much else, so that not all of its folders were looked into",
              found ? cat(", but there may be one in ", found->folder) : "",
              ": name the folder of the data itself");
  throw NoDataset(cat(fs::absolute(directory).string(), ": no data set here (looked for ",
                      looked_for, "; ", describe_folder(directory), ")", cut));
}

std::set<std::string> as_set(const std::vector<std::string>& names) {
  return {names.begin(), names.end()};
}

// Names the lists of classes that are not read, lest somebody thinks that they are.
void note_class_lists(const std::string& directory, const Found& found) {
  const bool images = found.format->is_here == has_image_folder;
  const bool mnist = found.format->is_here == has_mnist;
  std::set<std::string> folders = {directory, found.folder}, lists;
  for (const Words words : {train_words, test_words})
    if (images) folders.merge(as_set(find_parts(found.folder, words)));
  for (const std::string& folder : folders) {
    lists.merge(as_set(find_other_class_lists(folder)));
    if (!mnist || folder != found.folder) lists.insert(find_class_list(folder));
  }
  lists.erase("");
  for (const std::string& list : lists)
    std::fprintf(stderr, "left out: %s; names of classes are %s\n", printable(list).c_str(),
                 images  ? "those of folders, or in those of files"
                 : mnist ? cat("read from classes.txt in ", printable(found.folder)).c_str()
                         : "known for this set");
}

// Says in the note which classes have no images: a slip in a list of classes, or in a folder.
void note_missing_classes(const Dataset& data, const char* which, std::string& note) {
  constexpr int most = 10;
  std::vector<char> seen(data.class_names.size());
  for (const std::int32_t label : data.labels) seen[static_cast<std::size_t>(label)] = 1;
  int missing = 0;
  std::string names;
  for (std::size_t i = 0; i < seen.size(); ++i)
    if (!seen[i] && missing++ < most) names += (names.empty() ? "" : ", ") + data.class_names[i];
  if (missing > 0)
    note += cat(note.empty() ? "" : "; ", "no ", which, " images of ", names,
                missing > most ? ", ..." : "");
}

// The folder's own name, for people.
std::string name_of(const std::string& directory) {
  fs::path path = fs::absolute(directory).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  return path.filename().string();
}

}  // namespace

bool is_dataset_path(const std::string& directory) {
  std::error_code ignored;
  return fs::exists(directory, ignored) || is_emnist_set(directory);
}

DataSplit open_dataset(const std::string& directory, const OpenOptions& options) {
  try {
    if (directory.empty()) throw NoDataset("data set: the folder's name is empty");
    const bool emnist_set = !fs::exists(directory) && is_emnist_set(directory);
    if (!emnist_set && !fs::exists(directory))
      throw NoDataset(cat(fs::absolute(directory).string(), ": no such folder"));
    require(emnist_set || fs::is_directory(directory), directory,
            ": is a file, expected a folder (unpack archives first)");
    DataSplit split;
    if (emnist_set) {
      split = read_emnist(directory);
    } else {
      const Found found = recognise(directory);
      note_class_lists(directory, found);
      split = found.format->read(found.folder, options);
    }
    split.train.name = split.test.name = name_of(directory);
    validate(split.train);
    validate(split.test);
    note_missing_classes(split.train, "training", split.train.note);
    note_missing_classes(split.test, "test", split.train.note);
    return split;
  } catch (const fs::filesystem_error& error) {
    fail(error.path1().string(), ": ", error.code().message(),
         "; make it readable, move it away, or name another folder");
  } catch (const std::bad_alloc&) {
    fail(directory, ": not enough memory for this data set");
  }
}

std::string default_data_directory() {
  const char* directory = std::getenv("FOVEA_DATA");
  return directory != nullptr && *directory != '\0' ? directory : "datasets/mnist";
}

}  // namespace fovea
