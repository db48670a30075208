// MNIST and the sets that come as the same four IDX files: Fashion-MNIST, KMNIST.
#pragma once

#include <string>

#include "data/dataset.h"

namespace fovea {

/// Whether `directory` holds any of the four files, so that read_mnist() can name what is missing.
bool has_mnist(const std::string& directory);

/// Reads train-images, train-labels, t10k-images and t10k-labels (or test-), each as `-idx3-ubyte`
/// or `.idx3-ubyte` (idx1 for labels), with or without `.gz`, plain or gzip. Images are [1, rows,
/// columns]. Classes are named "0" to "9", or by the lines of `classes.txt` (in any case) if that
/// is there. Throws Error naming the file: what read_idx() finds, a file that is missing, counts
/// that differ, a label out of range with its index, test images of another size.
DataSplit read_mnist(const std::string& directory);

/// The path of an IDX file under any of its spellings, directory/`part``what`-`kind` or .`kind`,
/// with or without .gz; "" if there is none.
std::string find_idx(const std::string& directory, const std::string& part, const char* what,
                     const char* kind);

/// The same; throws NoDataset naming the file that is missing.
std::string require_idx(const std::string& directory, const std::string& part, const char* what,
                        const char* kind);

/// Throws Error, naming both files, if the images of two parts are of different sizes: by their
/// headers, before either is read. NoDataset if one is missing.
void require_same_size(const std::string& directory, const std::string& train,
                       const std::string& test);

/// The classes that the labels of an IDX file count.
struct IdxClasses {
  std::vector<std::string> names;
  int first_label = 0;         ///< that of the first name
  std::string listed_in = {};  ///< the file that names them, for errors
};

/// The images and labels of two IDX files. mean and stddev stay empty: see set_statistics().
Dataset read_idx_pair(const std::string& images_path, const std::string& labels_path,
                      const IdxClasses& classes);

}  // namespace fovea
