// Decodes many image files of one size on all cores.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace fovea {

/// An image file and the class it belongs to.
struct ImageFile {
  std::string path;
  int label = 0;
};

/// Fills image_shape, pixels and labels of both sets of `split` with the files, in their order,
/// whatever the number of threads. The first readable training image decides the size; one channel
/// if every image is grey, else three. Throws Error for the first file that has another size or
/// cannot be read. With `skip_unreadable` the latter are named on stderr and left out; returns how
/// many.
std::size_t decode_files(const std::vector<ImageFile>& train, const std::vector<ImageFile>& test,
                         bool skip_unreadable, DataSplit& split);

}  // namespace fovea
