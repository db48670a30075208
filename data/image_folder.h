// Image files sorted into one folder a class, or named by class.
#pragma once

#include <string>

#include "data/dataset.h"

namespace fovea {

/// Whether `directory` has classes with images, either under train/ (or training/) or directly.
bool has_image_folder(const std::string& directory);

/// Reads train/CLASS/* (or training/) and test/CLASS/* (or testing/, val/, valid/, validation/,
/// eval/, evaluation/, dev/), also as seg_train/ and seg_test/: names that differ in that word
/// alone; or CLASS_train/* and CLASS_test/*, or CLASS/train/* and CLASS/test/*
/// (data/folders/image_parts.h). Images may lie in the only folder of their class (CLASS/imgs/*).
/// Where there are no class folders, names of files give the class: 7_0001.png, cat.12.jpg,
/// img001_7.png (data/folders/image_names.h), and `note` says how they were read. With CLASS/
/// folders only, every sixth image of a class (by file name) goes to the test set, and `note` says
/// so. Classes are in numerical order if all are numbers, else by name. Images become [1, H, W] if
/// all are grey, else [3, H, W]; the first one decides H and W. Formats are those of read_image();
/// what is left out is counted on stderr, a line a reason.
///
/// Throws Error naming the file or folder: a class without images, a single class, a test class
/// unknown to training, an image of another size, the first image that cannot be read. With
/// `skip_unreadable` the unreadable ones are named on stderr, left out, and counted in `note`.
DataSplit read_image_folder(const std::string& directory, bool skip_unreadable);

}  // namespace fovea
