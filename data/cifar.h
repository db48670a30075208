// CIFAR-10, binary version (https://www.cs.toronto.edu/~kriz/cifar.html).
#pragma once

#include <string>

#include "data/dataset.h"

namespace fovea {

/// Whether `directory` holds a data_batch_*.bin or test_batch.bin.
bool has_cifar10(const std::string& directory);

/// Reads data_batch_1.bin, data_batch_2.bin, ... for training and test_batch.bin: records of 3073
/// bytes, a label and the red, green and blue planes of 32 x 32 pixels. Class names come from
/// batches.meta.txt if it is there. Images are [3, 32, 32]; mean and stddev are the published
/// ones of CIFAR-10. Throws Error naming the file: one that is missing, empty, compressed, not a
/// multiple of 3073 bytes, or has a label above 9, with its index.
DataSplit read_cifar10(const std::string& directory);

}  // namespace fovea
