// EMNIST (Cohen et al. 2017) as NIST distributes it: six sets of IDX files in one folder.
#pragma once

#include <string>

#include "data/dataset.h"

namespace fovea {

/// Whether `directory` holds emnist-*-train-images-idx3-ubyte (or .gz).
bool has_emnist(const std::string& directory);

/// Whether `path` is such a folder followed by the name of one of its sets: gzip/letters, or
/// gzip/emnist-letters.
bool is_emnist_set(const std::string& path);

/// Reads the one set in a folder, or the one that is_emnist_set() names: balanced, byclass,
/// bymerge, digits, letters or mnist. The files hold images transposed, and count letters from 1;
/// both are undone. Classes are named by their characters. Throws Error as read_mnist() does, and
/// if there are several sets, which it lists.
DataSplit read_emnist(const std::string& path);

}  // namespace fovea
