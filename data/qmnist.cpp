#include "data/qmnist.h"

#include "data/idx.h"
#include "data/mnist.h"

namespace fovea {

namespace {

constexpr int label_columns = 8;

Dataset read_part(const std::string& directory, const std::string& part) {
  const std::string labels_path = require_idx(directory, part, "-labels", "idx2-int");
  const std::string images_path = require_idx(directory, part, "-images", "idx3-ubyte");
  const std::vector<int> declared = read_idx_dims(labels_path, 2, IdxType::int32);
  require(declared[1] == label_columns, labels_path, ": has ", declared[1],
          " numbers a label, QMNIST has ", label_columns);
  read_idx_dims(images_path, 3, IdxType::uint8, declared[0]);
  const IdxArray labels = read_idx(labels_path, 2, IdxType::int32);
  IdxArray images = read_idx(images_path, 3, IdxType::uint8, labels.dims[0]);
  Dataset data;
  data.image_shape = Shape{1, images.dims[1], images.dims[2]};
  data.pixels = std::move(images.bytes);
  for (std::size_t i = 0; i < labels.bytes.size(); i += 4 * label_columns)
    data.labels.push_back(static_cast<std::int32_t>(
        std::uint32_t{labels.bytes[i]} << 24 | std::uint32_t{labels.bytes[i + 1]} << 16 |
        std::uint32_t{labels.bytes[i + 2]} << 8 | labels.bytes[i + 3]));
  for (char digit = '0'; digit <= '9'; ++digit) data.class_names.emplace_back(1, digit);
  check_labels(labels_path, data.labels, data.classes());
  return data;
}

}  // namespace

bool has_qmnist(const std::string& directory) {
  return !find_idx(directory, "qmnist-train", "-images", "idx3-ubyte").empty() ||
         !find_idx(directory, "qmnist-train", "-labels", "idx2-int").empty();
}

DataSplit read_qmnist(const std::string& directory) {
  require_same_size(directory, "qmnist-train", "qmnist-test");
  DataSplit split = {.train = read_part(directory, "qmnist-train"),
                     .test = read_part(directory, "qmnist-test")};
  set_statistics(split);
  return split;
}

}  // namespace fovea
