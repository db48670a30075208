// QMNIST (Yadav and Bottou 2019): MNIST with 60,000 test images and labels that say more.
#pragma once

#include <string>

#include "data/dataset.h"

namespace fovea {

/// Whether `directory` holds qmnist-train-images-idx3-ubyte (or .gz) or one of its companions.
bool has_qmnist(const std::string& directory);

/// Reads qmnist-train-* and qmnist-test-*: images as MNIST's, labels as rows of eight 32-bit
/// numbers
/// (-labels-idx2-int), of which the first is the class. Throws Error as read_mnist() does.
DataSplit read_qmnist(const std::string& directory);

}  // namespace fovea
