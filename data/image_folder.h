// Image files sorted into one folder a class.
#pragma once

#include <string>

#include "data/dataset.h"

namespace fovea {

/// Whether `directory` has class folders with images, either under train/ and test/ (or val/) or
/// directly.
bool has_image_folder(const std::string& directory);

/// Reads train/<class>/* and test/<class>/* (or val/): files ending in png, jpg, jpeg, bmp, pgm,
/// ppm or tga; others are ignored. With <class>/ folders only, every sixth image of a class (by
/// file name) goes to the test set, and `note` says so. Classes are the folders of train/, in
/// numerical order if all are numbers, else by name. Images become [1, H, W] if all are grey,
/// else [3, H, W]; the first one decides H and W.
///
/// Throws Error naming the file or folder: a class without images, a test class unknown to
/// training, an image of another size, the first image that cannot be read. With
/// `skip_unreadable` the unreadable ones are named on stderr, left out, and counted in `note`.
DataSplit read_image_folder(const std::string& directory, bool skip_unreadable);

}  // namespace fovea
