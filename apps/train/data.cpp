#include "apps/train/data.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "apps/run/config.h"
#include "apps/run/files.h"
#include "apps/shell/console.h"
#include "apps/shell/numbers.h"
#include "apps/shell/outputs.h"
#include "apps/shell/suggest.h"
#include "apps/shell/usage_error.h"
#include "core/file.h"
#include "data/distort.h"
#include "data/open_dataset.h"
#include "data/synthetic.h"

namespace fovea {

namespace {

// The first images; but a set sorted by class, as folders are, is thinned evenly: its first images
// would be of one class.
void keep(Dataset& dataset, int limit) {
  if (limit <= 0 || limit >= dataset.size()) return;
  const auto count = static_cast<std::size_t>(limit);
  const auto length = static_cast<std::size_t>(dataset.image_shape.size());
  if (std::is_sorted(dataset.labels.begin(), dataset.labels.end()))
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t from = i * dataset.labels.size() / count;
      dataset.labels[i] = dataset.labels[from];
      std::memmove(&dataset.pixels[i * length], &dataset.pixels[from * length], length);
    }
  dataset.labels.resize(count);
  dataset.pixels.resize(count * length);
  dataset.labels.shrink_to_fit();
  dataset.pixels.shrink_to_fit();
}

DataSplit open(const DataOptions& options) try {
  return open_dataset(data_directory(options), {.skip_unreadable = options.skip_unreadable});
} catch (const NoDataset& error) {
  fail(error.what(), ": run 'make data' to download MNIST, name another folder with --data DIR, ",
       "or use --synthetic");
}

// What config.json says; nothing if it is missing, damaged or somebody else's.
DataOptions recorded_data(const std::string& folder) try {
  const RunConfig config = read_config(run_files::path_in(folder, run_files::config));
  if (config.fovea.empty()) return {};
  return {.directory = config.data.value("directory", ""),
          .synthetic = config.data.value("synthetic", false)};
} catch (const Error&) {
  return {};
} catch (const Json::exception&) {
  return {};
}

std::uint32_t add_checksum(const Dataset& dataset, std::uint32_t crc) {
  crc = checksum(dataset.pixels, crc);
  return checksum({reinterpret_cast<const std::uint8_t*>(dataset.labels.data()),
                   dataset.labels.size() * sizeof(dataset.labels[0])},
                  crc);
}

}  // namespace

std::string data_directory(const DataOptions& options) {
  if (options.synthetic) return "";
  return options.directory.empty() ? default_data_directory() : options.directory;
}

DataOptions data_of_run(const std::string& folder, DataOptions options) {
  if (options.synthetic) return options;
  const DataOptions before = recorded_data(folder);
  const std::string now = data_directory(options);
  options.synthetic = before.synthetic && !options.skip_unreadable;
  if (before.synthetic || before.directory.empty()) return options;
  if (is_dataset_path(before.directory) || !is_dataset_path(now))
    options.directory = before.directory;
  else
    warn(cat(printable(folder), ": the data of this run, ", printable(before.directory),
             ", is not there; taking ", printable(now)));
  return options;
}

DataOptions data_of_weights(const std::string& weights, const DataOptions& options) {
  if (!options.directory.empty()) return options;
  return data_of_run(std::filesystem::path(weights).parent_path().string(), options);
}

void require_not_of_data(const DataOptions& options, const std::string& output) {
  const std::string folder = options.synthetic ? "" : data_directory(options);
  std::error_code ignored;
  if (folder.empty() || !std::filesystem::exists(output, ignored)) return;
  for (std::filesystem::recursive_directory_iterator entry(folder, ignored), end;
       !ignored && entry != end; entry.increment(ignored))
    require(!is_same_file(entry->path().string(), output), output,
            ": is in the folder of the data and would be overwritten; choose another name");
}

DataSplit load_data(const DataOptions& options) {
  require_usage(!options.synthetic || options.directory.empty(),
                "--data and --synthetic exclude each other; leave one out");
  require_usage(!options.synthetic || !options.skip_unreadable,
                "--skip-unreadable is about files, and --synthetic reads none; leave one out");
  require_usage(options.train_limit >= 0 && options.test_limit >= 0,
                "--train-limit and --test-limit take 0 (all) or more");
  if (options.synthetic) {
    SyntheticOptions wanted;
    if (options.train_limit > 0) wanted.train = options.train_limit;
    if (options.test_limit > 0) wanted.test = options.test_limit;
    return synthetic_digits(wanted);
  }
  DataSplit data = open(options);
  keep(data.train, options.train_limit);
  keep(data.test, options.test_limit);
  return data;
}

std::string chosen_distortion(const std::string& wanted, const std::string& otherwise) {
  if (wanted.empty()) return otherwise;
  if (wanted == "none") return "";
  std::vector<std::string> names = distortion_names();
  if (std::find(names.begin(), names.end(), wanted) != names.end()) return wanted;
  names.push_back("none");
  throw_unknown("--distort", wanted, names);
}

void distort_tests(DataSplit& data, const std::string& distortion) {
  if (distortion.empty()) return;
  data.test = distorted(data.test, distortion);
  if (data.validation.size() > 0) data.validation = distorted(data.validation, distortion);
}

Dataset load_test_data(const DataOptions& options) {
  DataOptions little = options;
  little.train_limit = 1;  // its memory is given back early
  return load_data(little).test;
}

Dataset load_test_data(const DataOptions& options, const ModelInfo& info, int draw) {
  const std::string distortion = chosen_distortion(options.distortion, info.distortion);
  Dataset test = load_test_data(options);
  if (!distortion.empty()) test = distorted(test, distortion, draw);
  test.mean = info.mean;
  test.stddev = info.stddev;
  return test;
}

std::string describe_data(const DataSplit& data) {
  const Shape& shape = data.test.image_shape;
  const int held_out = data.validation.size();
  return cat(printable(data.test.name), ": ", grouped(data.train.size()), " training",
             held_out > 0 ? cat(", ", grouped(held_out), " validation") : "", " and ",
             grouped(data.test.size()), " test images of ", shape[0], "x", shape[1], "x", shape[2],
             ", ", data.test.classes(), " classes",
             data.train.note.empty() ? "" : cat(" (", printable(data.train.note, 500), ")"));
}

std::uint32_t data_checksum(const DataSplit& data) {
  // Without validation images the same as before there were any.
  return add_checksum(data.validation, add_checksum(data.test, add_checksum(data.train, 0)));
}

}  // namespace fovea
