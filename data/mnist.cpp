#include "data/mnist.h"

#include <filesystem>

#include "core/error.h"
#include "data/idx.h"

namespace fovea {

namespace {

namespace fs = std::filesystem;

std::string find_images(const std::string& directory, const std::string& part) {
  return find_idx(directory, part, "-images", "idx3-ubyte");
}

std::string find_labels(const std::string& directory, const std::string& part) {
  return find_idx(directory, part, "-labels", "idx1-ubyte");
}

Dataset read_part(const std::string& directory, const std::string& part,
                  const std::vector<std::string>& class_names) {
  return read_idx_pair(require_idx(directory, part, "-images", "idx3-ubyte"),
                       require_idx(directory, part, "-labels", "idx1-ubyte"), class_names);
}

}  // namespace

std::string find_idx(const std::string& directory, const std::string& part, const char* what,
                     const char* kind) {
  std::string found;
  for (const char* separator : {"-", "."}) {
    for (const char* ending : {"", ".gz"}) {
      const fs::path path = fs::path(directory) / cat(part, what, separator, kind, ending);
      // Regular files win: some archives unpack into folders that are named like the file within.
      if (fs::is_regular_file(path)) return path.string();
      if (found.empty() && fs::exists(path)) found = path.string();
    }
  }
  return found;
}

std::string require_idx(const std::string& directory, const std::string& part, const char* what,
                        const char* kind) {
  std::string path = find_idx(directory, part, what, kind);
  if (path.empty())
    throw NoDataset(cat(directory, ": ", part, what, "-", kind, " (or .gz) is missing"));
  return path;
}

bool has_mnist(const std::string& directory) {
  for (const char* part : {"train", "t10k"})
    if (!find_images(directory, part).empty() || !find_labels(directory, part).empty()) return true;
  return false;
}

Dataset read_idx_pair(const std::string& images_path, const std::string& labels_path,
                      std::vector<std::string> class_names) {
  // Both headers before either content; then the labels: they are small, and a mistake in them is
  // found before the long read.
  read_idx_dims(images_path, 3, IdxType::uint8, read_idx_dims(labels_path, 1)[0]);
  const IdxArray labels = read_idx(labels_path, 1);
  IdxArray images = read_idx(images_path, 3, IdxType::uint8, labels.dims[0]);
  Dataset data;
  data.image_shape = Shape{1, images.dims[1], images.dims[2]};
  data.pixels = std::move(images.bytes);
  data.labels.assign(labels.bytes.begin(), labels.bytes.end());
  data.class_names = std::move(class_names);
  check_labels(labels_path, data.labels, data.classes());
  return data;
}

DataSplit read_mnist(const std::string& directory) {
  std::vector<std::string> class_names;
  const std::string names_path = (fs::path(directory) / "classes.txt").string();
  if (fs::exists(names_path)) {
    class_names = read_class_names(names_path);
  } else {
    for (char digit = '0'; digit <= '9'; ++digit) class_names.emplace_back(1, digit);
  }
  DataSplit split = {.train = read_part(directory, "train", class_names),
                     .test = read_part(directory, "t10k", class_names)};
  require(split.train.image_shape == split.test.image_shape, directory, ": training images are ",
          split.train.image_shape, ", test images ", split.test.image_shape);
  set_statistics(split);
  return split;
}

}  // namespace fovea
