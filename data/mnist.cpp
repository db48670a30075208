#include "data/mnist.h"

#include <filesystem>

#include "core/error.h"
#include "data/folders/class_lists.h"
#include "data/idx.h"

namespace fovea {

namespace {

namespace fs = std::filesystem;

bool has_part(const std::string& directory, const std::string& part) {
  return !find_idx(directory, part, "-images", "idx3-ubyte").empty() ||
         !find_idx(directory, part, "-labels", "idx1-ubyte").empty();
}

Dataset read_part(const std::string& directory, const std::string& part,
                  const IdxClasses& classes) {
  return read_idx_pair(require_idx(directory, part, "-images", "idx3-ubyte"),
                       require_idx(directory, part, "-labels", "idx1-ubyte"), classes);
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

void require_same_size(const std::string& directory, const std::string& train,
                       const std::string& test) {
  const auto path_of = [&](const std::string& part) {
    return require_idx(directory, part, "-images", "idx3-ubyte");
  };
  const auto shape_in = [](const std::string& path) {
    const std::vector<int> dims = read_idx_dims(path, 3);
    return Shape{1, dims[1], dims[2]};
  };
  const std::string train_path = path_of(train), test_path = path_of(test);
  const Shape shape = shape_in(train_path), other = shape_in(test_path);
  require(shape == other, train_path, ": training images are ", shape, ", test images ", other,
          " in ", test_path);
}

bool has_mnist(const std::string& directory) {
  return has_part(directory, "train") || has_part(directory, "t10k");
}

Dataset read_idx_pair(const std::string& images_path, const std::string& labels_path,
                      const IdxClasses& classes) {
  // Both headers before either content; then the labels: they are small, and a mistake in them is
  // found before the long read.
  read_idx_dims(images_path, 3, IdxType::uint8, read_idx_dims(labels_path, 1)[0]);
  const IdxArray labels = read_idx(labels_path, 1);
  IdxArray images = read_idx(images_path, 3, IdxType::uint8, labels.dims[0]);
  Dataset data;
  data.image_shape = Shape{1, images.dims[1], images.dims[2]};
  data.pixels = std::move(images.bytes);
  data.class_names = classes.names;
  const int last = classes.first_label + data.classes() - 1;
  for (std::size_t i = 0; i < labels.bytes.size(); ++i) {
    const int label = labels.bytes[i];
    if (label < classes.first_label || label > last)
      fail(labels_path, ": label ", label, " at index ", i, ", expected ", classes.first_label,
           " to ", last, classes.listed_in.empty() ? "" : ", the lines of ", classes.listed_in);
    data.labels.push_back(label - classes.first_label);
  }
  return data;
}

DataSplit read_mnist(const std::string& directory) {
  IdxClasses classes;
  const std::string names_path = find_class_list(directory);
  if (!names_path.empty()) {
    classes.names = read_class_names(names_path);
    classes.listed_in = names_path;
  } else {
    for (char digit = '0'; digit <= '9'; ++digit) classes.names.emplace_back(1, digit);
  }
  const bool other_name = !has_part(directory, "t10k") && has_part(directory, "test");
  const std::string test = other_name ? "test" : "t10k";
  require_same_size(directory, "train", test);
  DataSplit split = {.train = read_part(directory, "train", classes),
                     .test = read_part(directory, test, classes)};
  set_statistics(split);
  return split;
}

}  // namespace fovea
