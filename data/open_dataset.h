// One way to open whatever images a folder holds.
#pragma once

#include <string>

#include "data/dataset.h"

namespace fovea {

struct OpenOptions {
  bool skip_unreadable = false;  ///< leave out image files that cannot be read, naming them
};

/// Reads the data set in `directory` and recognises by its files what it is: MNIST and relatives
/// (data/mnist.h; also in the subfolders raw and MNIST/raw, as torchvision leaves them), EMNIST
/// (data/emnist.h; also FOLDER/letters), QMNIST (data/qmnist.h), CIFAR-10 (data/cifar.h; also in
/// cifar-10-batches-bin), or a folder of images for each class (data/image_folder.h); also in the
/// only folder of `directory` that holds one, three folders deep, among some thousands of entries.
/// Both sets have the same image shape and statistics. Throws Error naming the path looked at;
/// NoDataset where there is no data set.
DataSplit open_dataset(const std::string& directory, const OpenOptions& options = {});

/// Whether there is something under that name that open_dataset() would look into.
bool is_dataset_path(const std::string& directory);

/// $FOVEA_DATA if that is set and not empty, else "datasets/mnist".
std::string default_data_directory();

}  // namespace fovea
