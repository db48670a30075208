// Recognising and reading whole data sets, and the error for each way they can be wrong.
#include <stdlib.h>

#include <cmath>
#include <numeric>

#include "core/error.h"
#include "data/cifar.h"
#include "data/dataset.h"
#include "data/mnist.h"
#include "data/open_dataset.h"
#include "tests/catch.h"
#include "tests/dataset_helpers.h"
#include "tests/temp_dir.h"

namespace {

using namespace fovea::testing;
using fovea::Dataset;
using fovea::DataSplit;
using fovea::open_dataset;
using fovea::Shape;

std::string cifar_record(int label, int red) {
  return std::string(1, static_cast<char>(label)) + std::string(1024, static_cast<char>(red)) +
         std::string(1024, '\2') + std::string(1024, '\3');
}

}  // namespace

TEST_CASE("datasets: a small set in MNIST's format", "[datasets]") {
  const TempDir dir;
  write_small_mnist(dir, 40, 20);
  const DataSplit split = open_dataset(dir.path());
  CHECK(split.train.size() == 40);
  CHECK(split.test.size() == 20);
  CHECK(split.train.image_shape == Shape{1, 6, 5});
  CHECK(split.train.classes() == 10);
  CHECK(split.train.class_names[7] == "7");
  CHECK(split.train.labels[23] == 3);
  CHECK(bytes_of(split.train.pixels) == pattern(1200));
  CHECK(bytes_of(split.test.image(19)) == pattern(600, 11).substr(570));
  CHECK(split.train.name == std::filesystem::path(dir.path()).filename().string());

  double mean = 0, square = 0;
  for (unsigned char c : pattern(1200)) mean += c / 255.0 / 1200, square += c * c / 65025.0 / 1200;
  CHECK(split.train.mean[0] == Approx(mean).margin(6e-5));
  CHECK(split.train.stddev[0] == Approx(std::sqrt(square - mean * mean)).margin(6e-5));
  CHECK(split.test.mean == split.train.mean);
  CHECK(split.test.stddev == split.train.stddev);
}

TEST_CASE("datasets: every spelling of MNIST's file names", "[datasets]") {
  for (const std::string separator : {"-", "."}) {
    for (const std::string ending : {"", ".gz"}) {
      const TempDir dir;
      for (const std::string part : {"train", "t10k"}) {
        dir.write("MNIST/raw/" + part + "-images" + separator + "idx3-ubyte" + ending,
                  gzip(idx_file(0x803, {2, 1, 2}, "abcd")));
        dir.write("MNIST/raw/" + part + "-labels" + separator + "idx1-ubyte" + ending,
                  gzip(idx_file(0x801, {2}, "\4\5")));
      }
      // Some archives leave a folder of the same name beside the file.
      const std::string other = separator == "-" ? "." : "-";
      dir.write("MNIST/raw/train-images" + other + "idx3-ubyte/readme", "");
      const DataSplit split = open_dataset(dir.path());
      CHECK(bytes_of(split.test.image(1)) == "cd");
      CHECK(split.train.labels == std::vector<std::int32_t>{4, 5});
    }
  }
}

TEST_CASE("datasets: classes.txt names the classes", "[datasets]") {
  const TempDir dir;
  write_small_mnist(dir, 10, 10);
  dir.write("classes.txt", "T-shirt\r\nTrouser\nc\nd\ne\nf\ng\nh\ni\nAnkle boot\n\n");
  const DataSplit split = open_dataset(dir.path());
  CHECK(split.train.classes() == 10);
  CHECK(split.test.class_names[0] == "T-shirt");
  CHECK(split.test.class_names[9] == "Ankle boot");
  dir.write("classes.txt", "only\ntwo\n");
  CHECK_THAT(open_error(dir.path()),
             contains("train-labels-idx1-ubyte: label 2 at index 2, expected 0 to 1"));
  dir.write("classes.txt", "\n");
  CHECK_THAT(open_error(dir.path()), contains("classes.txt: is empty"));
}

TEST_CASE("datasets: incomplete and inconsistent sets of IDX files", "[datasets]") {
  const TempDir dir;
  write_small_mnist(dir, 10, 10);
  std::filesystem::remove(dir.file("t10k-labels-idx1-ubyte"));
  CHECK_THAT(open_error(dir.path()), contains("t10k-labels-idx1-ubyte (or .gz) is missing"));
  write_small_mnist(dir, 10, 10);
  dir.write("t10k-images-idx3-ubyte", idx_file(0x803, {10, 5, 6}, pattern(300)));
  CHECK_THAT(open_error(dir.path()),
             contains("training images are [1, 6, 5], test images [1, 5, 6]"));
}

TEST_CASE("datasets: a folder that is missing, empty or not a folder", "[datasets]") {
  const TempDir dir;
  CHECK(open_error(dir.path() + "/none") == dir.path() + "/none: no such folder");
  CHECK_THAT(open_error(dir.path()), contains(dir.path() + ": no data set here"));
  for (const std::string& folder : {dir.path() + "/none", dir.path(), std::string()})
    CHECK_THROWS_AS(open_dataset(folder), fovea::NoDataset);
  CHECK_THAT(open_error(dir.write("set.tar.gz", "x")), contains("is a file, expected a folder"));
  CHECK_THAT(open_error(""), contains("name is empty"));
}

TEST_CASE("datasets: default folder", "[datasets]") {
  ::unsetenv("FOVEA_DATA");
  CHECK(fovea::default_data_directory() == "datasets/mnist");
  ::setenv("FOVEA_DATA", "/somewhere", 1);
  CHECK(fovea::default_data_directory() == "/somewhere");
  ::setenv("FOVEA_DATA", "", 1);
  CHECK(fovea::default_data_directory() == "datasets/mnist");
  ::unsetenv("FOVEA_DATA");
}

TEST_CASE("datasets: a constant channel gets a usable deviation", "[datasets]") {
  DataSplit split;
  split.train.image_shape = Shape{2, 1, 1};
  split.train.pixels = {255, 0, 255, 51};
  split.train.labels = {0, 0};
  fovea::set_statistics(split);
  CHECK(split.test.mean == std::vector<float>{1.0f, 0.1f});
  CHECK(split.test.stddev == std::vector<float>{1.0f, 0.1f});
}

TEST_CASE("datasets: validate names what does not fit", "[datasets]") {
  Dataset data;
  data.name = "made up";
  data.image_shape = Shape{1, 2, 2};
  data.pixels.assign(8, 0);
  data.labels = {0, 1};
  data.class_names = {"a", "b"};
  data.mean = data.stddev = {0.5f};
  CHECK_NOTHROW(fovea::validate(data));
  const auto error = [&](auto change) {
    Dataset changed = data;
    change(changed);
    return message_of([&] { fovea::validate(changed); });
  };
  CHECK_THAT(error([](Dataset& d) { d.labels[1] = -1; }),
             contains("data set made up: label -1 at index 1, expected 0 to 1"));
  CHECK_THAT(error([](Dataset& d) { d.pixels.pop_back(); }), contains("7 bytes of pixels for 2"));
  CHECK_THAT(error([](Dataset& d) { d.stddev[0] = 0; }), contains("standard deviation 0"));
  CHECK_THAT(error([](Dataset& d) { d.mean.clear(); }), contains("0 means"));
  CHECK_THAT(error([](Dataset& d) { d.labels.clear(); }), contains("has no images"));
  CHECK_THAT(error([](Dataset& d) { d.image_shape = Shape{4}; }), contains("shape [4]"));
}

TEST_CASE("datasets: the real MNIST", "[datasets]") {
  const std::string directory = "../shared/datasets/mnist";
  if (!std::filesystem::exists(directory)) {
    WARN("skipped: no " << directory);
    return;
  }
  const DataSplit split = open_dataset(directory);
  REQUIRE(split.train.size() == 60000);
  REQUIRE(split.test.size() == 10000);
  CHECK(split.train.pixels.capacity() == 60000u * 784);
  CHECK(split.train.image_shape == Shape{1, 28, 28});
  CHECK(split.train.mean == std::vector<float>{0.1307f});
  CHECK(split.test.stddev == std::vector<float>{0.3081f});
  const std::vector<std::int32_t> first(split.train.labels.begin(), split.train.labels.begin() + 9);
  CHECK(first == std::vector<std::int32_t>{5, 0, 4, 1, 9, 2, 1, 3, 1});
  const auto five = split.train.image(0);
  CHECK(std::accumulate(five.begin(), five.end(), 0) == 27525);
  CHECK(five[5 * 28 + 12] == 3);
  CHECK(split.test.labels[9999] == 6);
}

TEST_CASE("datasets: CIFAR-10, also in its subfolder", "[datasets]") {
  const TempDir dir;
  const std::string sub = "cifar-10-batches-bin/";
  std::string many;  // more than one chunk of records
  for (int i = 0; i < 300; ++i) many += cifar_record(i % 10, i % 256);
  dir.write(sub + "data_batch_1.bin", many);
  dir.write(sub + "data_batch_2.bin", cifar_record(9, 77));
  dir.write(sub + "test_batch.bin", cifar_record(3, 5) + cifar_record(4, 6));
  const DataSplit split = open_dataset(dir.path());
  REQUIRE(split.train.size() == 301);
  REQUIRE(split.test.size() == 2);
  CHECK(split.train.image_shape == Shape{3, 32, 32});
  CHECK(split.train.labels[299] == 9);
  CHECK(split.train.image(299)[1023] == 299 % 256);
  CHECK(split.train.image(300)[0] == 77);
  CHECK(split.train.image(300)[1024] == 2);
  CHECK(split.train.image(300)[3071] == 3);
  CHECK(split.test.labels == std::vector<std::int32_t>{3, 4});
  CHECK(split.train.class_names[6] == "frog");
  CHECK(split.train.mean == std::vector<float>{0.4914f, 0.4822f, 0.4465f});
  CHECK(split.test.stddev == std::vector<float>{0.2470f, 0.2435f, 0.2616f});
  CHECK_THAT(split.train.note, contains("2 of the 5 training files"));
}

TEST_CASE("datasets fault 21: damaged CIFAR files", "[datasets]") {
  const TempDir dir;
  dir.write("data_batch_1.bin", cifar_record(1, 1));
  CHECK_THAT(open_error(dir.path()), contains("test_batch.bin: is missing"));
  dir.write("test_batch.bin", cifar_record(1, 1).substr(0, 3072));
  CHECK_THAT(open_error(dir.path()),
             contains("test_batch.bin: 3072 bytes are not a multiple of 3073"));
  dir.write("test_batch.bin", "");
  CHECK_THAT(open_error(dir.path()), contains("0 bytes are not a multiple"));
  dir.write("test_batch.bin", cifar_record(0, 1) + cifar_record(10, 1));
  CHECK_THAT(open_error(dir.path()),
             contains("test_batch.bin: label 10 at index 1, expected 0 to 9"));
  dir.write("test_batch.bin", gzip(cifar_record(0, 1)));
  CHECK_THAT(open_error(dir.path()), contains("compressed with gzip"));
  dir.write("test_batch.bin", cifar_record(0, 1));
  dir.write("data_batch_3.bin", cifar_record(0, 1));
  CHECK_THAT(open_error(dir.path()), contains("data_batch_2.bin: is missing"));
}
