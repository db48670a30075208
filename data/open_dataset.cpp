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

DataSplit recognise(const std::string& directory, bool skip_unreadable) {
  for (const char* subfolder : {"", "raw", "MNIST/raw", "cifar-10-batches-bin"}) {
    const std::string folder = (fs::path(directory) / subfolder).string();
    if (has_mnist(folder)) return read_mnist(folder);
    if (has_cifar10(folder)) return read_cifar10(folder);
  }
  if (has_image_folder(directory)) return read_image_folder(directory, skip_unreadable);
  throw NoDataset(cat(fs::absolute(directory).string(), ": no data set here (looked for ",
                      "train-images-idx3-ubyte, data_batch_1.bin, train/<class>/*.png)"));
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
    DataSplit split = recognise(directory, options.skip_unreadable);
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
