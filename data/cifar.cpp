#include "data/cifar.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "core/error.h"
#include "data/input_file.h"

namespace fovea {

namespace {

namespace fs = std::filesystem;

constexpr int image_bytes = 3 * 32 * 32;
constexpr int record_bytes = 1 + image_bytes;
constexpr int usual_batches = 5;

std::string path_in(const std::string& directory, const std::string& name) {
  return (fs::path(directory) / name).string();
}

std::string batch_path(const std::string& directory, int number) {
  return path_in(directory, cat("data_batch_", number, ".bin"));
}

// The numbers of the files data_batch_<number>.bin.
std::vector<int> batch_numbers(const std::string& directory) {
  std::vector<int> numbers;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    int number = 0;
    const std::string name = entry->path().filename().string();
    const bool batch = std::sscanf(name.c_str(), "data_batch_%3d", &number) == 1 && number > 0;
    if (batch && entry->path() == batch_path(directory, number)) numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

void append_records(const std::string& path, Dataset& data) {
  InputFile file(path);
  require(!file.compressed(), path, ": is compressed with gzip: unpack it first");
  require(file.stored_size() > 0 && file.stored_size() % record_bytes == 0, path, ": ",
          file.stored_size(), " bytes are not a multiple of ", record_bytes,
          " (one label and 32 x 32 x 3 pixels): truncated or not CIFAR-10, get it again");
  const std::size_t records = file.stored_size() / record_bytes;
  const std::size_t before = data.labels.size();
  std::vector<std::uint8_t> chunk(record_bytes * std::min<std::size_t>(records, 128));
  for (std::size_t done = 0; done < records;) {
    const std::size_t wanted = std::min(records - done, chunk.size() / record_bytes);
    const std::size_t count = file.read(std::span(chunk).first(wanted * record_bytes));
    require(count == wanted * record_bytes, path, ": became shorter while it was read");
    for (std::size_t i = 0; i < wanted; ++i) {
      const std::uint8_t* record = chunk.data() + i * record_bytes;
      data.labels.push_back(record[0]);
      data.pixels.insert(data.pixels.end(), record + 1, record + record_bytes);
    }
    done += wanted;
  }
  check_labels(path, std::span(data.labels).subspan(before), data.classes());
}

Dataset read_files(const std::vector<std::string>& paths, const Dataset& properties) {
  Dataset data = properties;
  std::size_t records = 0;
  for (const std::string& path : paths) records += InputFile(path).stored_size() / record_bytes;
  data.pixels.reserve(records * image_bytes);
  data.labels.reserve(records);
  for (const std::string& path : paths) append_records(path, data);
  return data;
}

}  // namespace

bool has_cifar10(const std::string& directory) {
  return fs::exists(path_in(directory, "test_batch.bin")) || !batch_numbers(directory).empty();
}

DataSplit read_cifar10(const std::string& directory) {
  Dataset properties;
  properties.image_shape = Shape{3, 32, 32};
  properties.mean = {0.4914f, 0.4822f, 0.4465f};
  properties.stddev = {0.2470f, 0.2435f, 0.2616f};
  properties.class_names = {"airplane", "automobile", "bird",  "cat",  "deer",
                            "dog",      "frog",       "horse", "ship", "truck"};
  const std::string names_path = path_in(directory, "batches.meta.txt");
  if (fs::exists(names_path)) properties.class_names = read_class_names(names_path);
  require(properties.classes() == 10, names_path, ": names ", properties.classes(),
          " classes, expected 10");

  const std::vector<int> numbers = batch_numbers(directory);
  std::vector<std::string> paths;
  for (int number = 1; number <= (numbers.empty() ? 1 : numbers.back()); ++number)
    paths.push_back(batch_path(directory, number));
  paths.push_back(path_in(directory, "test_batch.bin"));
  for (const std::string& path : paths)
    require(fs::exists(path), path, ": is missing: unpack cifar-10-binary.tar.gz again");

  const std::vector<std::string> test_path = {paths.back()};
  paths.pop_back();
  DataSplit split = {.train = read_files(paths, properties),
                     .test = read_files(test_path, properties)};
  if (paths.size() < usual_batches)
    split.train.note = cat(paths.size(), " of the ", usual_batches, " training files");
  return split;
}

}  // namespace fovea
