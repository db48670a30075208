// Which images a command works on.
#pragma once

#include <cstdint>
#include <string>

#include "apps/networks/model.h"
#include "data/dataset.h"

namespace fovea {

struct DataOptions {
  std::string directory;         ///< empty: default_data_directory()
  bool synthetic = false;        ///< drawn digits instead of files
  bool skip_unreadable = false;  ///< leave out images that cannot be read
  int train_limit = 0;           ///< only so many images: the first; of a set sorted by class,
                                 ///< evenly spaced ones; 0: all
  int test_limit = 0;
  std::string distortion = {};  ///< its name in data/distort.h, or "none"; empty: none in training,
                                ///< and later that of the weights
};

/// The directory that `options` mean; "" for synthetic digits.
std::string data_directory(const DataOptions& options);

/// The data of the run in `folder` as its config.json names it, whatever the working directory and
/// $FOVEA_DATA are now. Where that is gone, what `options` mean, and a line on stderr says so; the
/// run's all the same, for the error's sake, if that is missing, too.
DataOptions data_of_run(const std::string& folder, DataOptions options);

/// What `options` mean with these weights: where they name no data, that of the run whose folder
/// holds the weights.
DataOptions data_of_weights(const std::string& weights, const DataOptions& options);

/// Throws Error if `output`, to be written, is one of the files that the data is read from.
void require_not_of_data(const DataOptions& options, const std::string& output);

/// Opens or draws the data. Statistics are of all images, before limits. Throws UsageError for a
/// directory together with `synthetic`; Error as open_dataset().
DataSplit load_data(const DataOptions& options);

/// The distortion that --distort `wanted` means, `otherwise` if it is empty; "" for none. Throws
/// UsageError, with the nearest name, if there is no such one.
std::string chosen_distortion(const std::string& wanted, const std::string& otherwise = "");

/// Distorts test and validation images, if at all, by the first draw of that name; those for
/// training are distorted anew in each epoch, by the loader.
void distort_tests(DataSplit& data, const std::string& distortion);

/// The test images alone, without distortion, and to be normalised as the model's.
Dataset load_test_data(const DataOptions& options);
/// The same, distorted as options or model say, by this draw, and normalised for the model.
Dataset load_test_data(const DataOptions& options, const ModelInfo& info, int draw = 1);

/// One line for people: "mnist: 60,000 training and 10,000 test images of 1x28x28, 10 classes".
std::string describe_data(const DataSplit& data);

/// CRC-32 of all pixels and labels: whether a resumed run sees the same images.
std::uint32_t data_checksum(const DataSplit& data);

}  // namespace fovea
