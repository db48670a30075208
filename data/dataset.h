// Labelled images in memory, and what every reader of them needs.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/batch.h"
#include "core/error.h"
#include "core/shape.h"

namespace fovea {

/// Where a data set was expected there is none, or a file of it is missing. A class of its own,
/// because a program knows where another one is to be had.
class NoDataset : public Error {
 public:
  using Error::Error;
};

/// Labelled 8-bit images of one size. `image(i)` has the class `labels[i]`.
struct Dataset {
  std::string name;                      ///< for people: "mnist", "CIFAR-10"
  Shape image_shape;                     ///< [C, H, W]
  std::vector<std::uint8_t> pixels;      ///< [N, C, H, W], 0..255
  std::vector<std::int32_t> labels;      ///< N class indices, 0 <= label < classes()
  std::vector<std::string> class_names;  ///< one name a class
  std::vector<float> mean, stddev;       ///< C values each, of pixel / 255 in the training set
  std::string note;                      ///< what a person should know about it; often empty

  int size() const { return static_cast<int>(labels.size()); }
  int classes() const { return static_cast<int>(class_names.size()); }

  /// The C * H * W bytes of image i, 0 <= i < size().
  std::span<const std::uint8_t> image(int i) const& {
    const std::size_t length = static_cast<std::size_t>(image_shape.size());
    return std::span(pixels).subspan(static_cast<std::size_t>(i) * length, length);
  }
  std::span<const std::uint8_t> image(int i) const&& = delete;  // of a temporary
};

/// `size` images from `first` on with their labels, as a batch that looks into the data set.
Batch batch_of(const Dataset& dataset, int first, int size);

/// What a model learns from, what chooses among its states, and what it is judged by.
struct DataSplit {
  Dataset train, test;
  Dataset validation = {};  ///< without images: nothing is chosen
};

/// Moves `count` training images into the validation set: drawn by `seed`, as many of each class as
/// there are, to one. Both keep the order they had. Error: not fewer than there are.
void hold_out(DataSplit& split, int count, std::uint64_t seed);

/// Throws Error unless the parts of `dataset` fit together: at least one image and class, sizes
/// that agree, labels in range (else it names the first one that is not), mean and positive stddev.
void validate(const Dataset& dataset);

/// Sets mean and stddev of both sets from the training pixels, rounded to four decimals as they
/// are usually published: MNIST gets exactly 0.1307 and 0.3081. A constant channel gets stddev 1.
void set_statistics(DataSplit& split);

/// Throws Error naming `source` and the index of the first label not in [0, classes).
void check_labels(const std::string& source, std::span<const std::int32_t> labels, int classes);

/// The lines of a text file (UTF-8, or UTF-16 with its mark), one class a line; space around names
/// and empty lines at its end are dropped. Throws Error if it cannot be read, is longer than 1 MB,
/// names no class, or has a line that is empty, repeated or no such text, with its number.
std::vector<std::string> read_class_names(const std::string& path);

}  // namespace fovea
