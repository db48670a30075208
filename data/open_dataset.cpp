#include "data/open_dataset.h"

#include <cstdlib>
#include <filesystem>
#include <new>

#include "core/error.h"
#include "data/cifar.h"
#include "data/image_folder.h"
#include "data/mnist.h"

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
    {{"cifar-10-batches-bin"},
     "data_batch_1.bin",
     has_cifar10,
     [](const std::string& d, const OpenOptions&) { return read_cifar10(d); }},
    {{},
     "train/<class>/*.png",
     has_image_folder,
     [](const std::string& d, const OpenOptions& o) {
       return read_image_folder(d, o.skip_unreadable);
     }},
};

DataSplit recognise(const std::string& directory, const OpenOptions& options) {
  std::string looked_for;
  for (const Format& format : formats) {
    looked_for += cat(looked_for.empty() ? "" : ", ", format.looked_for);
    if (format.is_here(directory)) return format.read(directory, options);
    for (const char* subfolder : format.subfolders)
      if (const std::string folder = (fs::path(directory) / subfolder).string();
          format.is_here(folder))
        return format.read(folder, options);
  }
  throw NoDataset(
      cat(fs::absolute(directory).string(), ": no data set here (looked for ", looked_for, ")"));
}

// The folder's own name, for people.
std::string name_of(const std::string& directory) {
  fs::path path = fs::absolute(directory).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  return path.filename().string();
}

}  // namespace

DataSplit open_dataset(const std::string& directory, const OpenOptions& options) {
  try {
    if (directory.empty()) throw NoDataset("data set: the folder's name is empty");
    if (!fs::exists(directory))
      throw NoDataset(cat(fs::absolute(directory).string(), ": no such folder"));
    require(fs::is_directory(directory), directory,
            ": is a file, expected a folder (unpack archives first)");
    DataSplit split = recognise(directory, options);
    split.train.name = split.test.name = name_of(directory);
    validate(split.train);
    validate(split.test);
    return split;
  } catch (const fs::filesystem_error& error) {
    fail(error.path1().string(), ": ", error.code().message());
  } catch (const std::bad_alloc&) {
    fail(directory, ": not enough memory for this data set");
  }
}

std::string default_data_directory() {
  const char* directory = std::getenv("FOVEA_DATA");
  return directory != nullptr && *directory != '\0' ? directory : "datasets/mnist";
}

}  // namespace fovea
