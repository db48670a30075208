// How people lay out folders of images: classes a folder deeper, other names of the parts, what
// systems leave behind, slips in names.
#include <algorithm>
#include <filesystem>

#include "data/image.h"
#include "tests/catch.h"
#include "tests/dataset_helpers.h"
#include "tests/temp_dir.h"

namespace {

using namespace fovea::testing;
using fovea::cat;
using fovea::DataSplit;
using fovea::open_dataset;
using Names = std::vector<std::string>;

/// Images of one grey in `folder`, so that a class is known by its pixels.
void fill(const TempDir& dir, const std::string& folder, int grey, int count = 6,
          const std::string& prefix = "") {
  for (int i = 0; i < count; ++i)
    fovea::write_png(dir.file(cat(folder, "/", prefix, i, ".png")),
                     {2, 2, 1, std::vector<std::uint8_t>(4, std::uint8_t(grey))});
}

/// How many test images `class_name` has; CHECKs that all its images are of one grey.
std::ptrdiff_t count_of(const DataSplit& split, int label, int grey) {
  for (const fovea::Dataset* data : {&split.train, &split.test})
    for (int i = 0; i < data->size(); ++i)
      if (data->labels[std::size_t(i)] == label) CHECK(data->image(i)[0] == grey);
  return std::count(split.test.labels.begin(), split.test.labels.end(), label);
}

}  // namespace

TEST_CASE("image folder: images one folder below their class", "[datasets][image_folder]") {
  const TempDir dir;
  fill(dir, "cat/imgs", 1);
  fill(dir, "dog/imgs", 2);
  fill(dir, "fox", 3);  // beside those that have them directly
  const DataSplit split = open_dataset(dir.path());
  CHECK(split.train.class_names == Names{"cat", "dog", "fox"});
  for (int label = 0; label < 3; ++label) CHECK(count_of(split, label, label + 1) == 1);
  CHECK_THAT(split.train.note, contains("a folder below their class, as in cat/imgs"));

  const TempDir parts;
  for (const std::string part : {"train/", "test/"}) {
    fill(parts, part + "cat/imgs", 1);
    fill(parts, part + "dog/other", 2);
  }
  CHECK(count_of(open_dataset(parts.path()), 1, 2) == 6);

  const TempDir several;  // pictures and their masks: one class, or two?
  for (const std::string name : {"cat", "dog"}) {
    fill(several, name + "/images", 1);
    fill(several, name + "/masks", 2);
  }
  CHECK_THAT(open_error(several.path()), contains("(cat, dog)") && contains("put their images"));
  const TempDir images;  // labels elsewhere
  fill(images, "images", 1);
  images.write("labels.csv", "0.png,7");
  CHECK_THAT(open_error(images.path()), contains("all images are of one class, images") &&
                                            contains("with 6 files (.png), 1 file (labels.csv)"));
}

TEST_CASE("image folder: two parts under many names", "[datasets][image_folder]") {
  for (const auto& [train, test] : {std::pair{"training_set", "test_set"},
                                    {"Training Data", "Test Data"},
                                    {"trainingSet", "testSet"},
                                    {"train_images", "val-images"},
                                    {"seg_train/seg_train", "seg_test/seg_test"},
                                    {"train/train", "test/test"},
                                    {"archive/data/train", "archive/data/eval"},
                                    {"train", "dev"}}) {
    const TempDir dir;
    for (const std::string part : {train, test}) {
      fill(dir, part + "/a", part == train ? 1 : 3, 7);
      fill(dir, part + "/b", part == train ? 2 : 4, 2);
    }
    INFO(train);
    const DataSplit split = open_dataset(dir.path());
    CHECK(split.train.size() == 9);
    REQUIRE(split.test.size() == 9);
    CHECK(split.train.image(8)[0] == 2);
    CHECK(split.test.image(8)[0] == 4);
  }
  const TempDir dir;  // what belongs to neither is named; a class without test images, too
  for (const std::string part : {"train/", "test/", "extra/"}) fill(dir, part + "a", 1);
  fill(dir, "train/b", 2);
  DataSplit split;
  const std::string said = stderr_of([&] { split = open_dataset(dir.path()); });
  CHECK_THAT(said, contains("left out: 1 (neither train/ nor test/") && contains("/extra"));
  CHECK(split.train.note == "no test images of b");
  fill(dir, "test/c", 3);
  CHECK_THAT(open_error(dir.path()), contains("/test/c: a class that the training set does not "
                                              "have (it has a, b)"));
  const TempDir one;
  fill(one, "train/images", 1);
  fill(one, "test/images", 1);
  CHECK_THAT(open_error(one.path()), contains("train: all images are of one class, images"));
}

TEST_CASE("image folder: names that a slip made two, and what systems leave behind",
          "[datasets][image_folder]") {
  const TempDir dir;
  for (const char* name : {"Cat", "cat", "1", "01", "a", "A"}) fill(dir, name, 1);
  fill(dir, "__MACOSX", 9);
  fill(dir, "@eaDir", 9);
  DataSplit split;
  const std::string said = stderr_of([&] { split = open_dataset(dir.path()); });
  CHECK(split.train.classes() == 6);  // a and A may be letters
  CHECK(said ==
        "warning: '01' and '1' are two classes\nwarning: 'Cat' and 'cat' are two classes\n");
}

TEST_CASE("image folder: files named by class, copies of them, and files beside them",
          "[datasets][image_folder]") {
  const auto classes = [](const Names& stems) {
    const TempDir dir;
    for (const std::string& stem : stems) fill(dir, ".", 1, 1, stem + ".png");
    for (const std::string& stem : stems)
      std::filesystem::rename(dir.file(stem + ".png0.png"), dir.file(stem + ".png"));
    return open_dataset(dir.path()).train.class_names;
  };
  Names windows, bare, copied = {"cat.3 (1)"};
  for (const std::string c : {"3", "7"}) {
    windows.push_back("img_" + c), bare.push_back(c);
    for (int i = 2; i < 8; ++i) {
      windows.push_back(cat("img_", c, " (", i, ")"));
      bare.push_back(cat(c, " (", i, ")"));
      copied.push_back(cat(c == "3" ? "cat." : "dog.", i));
    }
  }
  CHECK(classes(windows) == Names{"img_3", "img_7"});
  CHECK(classes(bare) == Names{"3", "7"});
  CHECK(classes(copied) == Names{"cat", "dog"});

  const TempDir dir;
  fill(dir, ".", 1, 6, "3_");
  fill(dir, ".", 2, 6, "7_");
  dir.write("3_9.heic", "x");
  dir.write("labels.csv", "x");
  CHECK_THAT(stderr_of([&] { open_dataset(dir.path()); }),
             contains("left out: 2 (no image that this program reads): ") && contains("3_9.heic") &&
                 contains("labels.csv"));
  const TempDir photos;  // nothing that can be read
  photos.write("a/1.heic", "x");
  photos.write("b/1.heic", "x");
  CHECK_THAT(open_error(photos.path()), contains("2 folders (a, b) with 2 files (1.heic)"));
}

TEST_CASE("classes.txt: too few and too many lines, other encodings, a dead link", "[datasets]") {
  const TempDir dir;
  for (const std::string part : {"train", "test"}) {  // test- as t10k-
    dir.write(part + "-images-idx3-ubyte", idx_file(0x803, {3, 1, 2}, "abcdef"));
    dir.write(part + "-labels-idx1-ubyte", idx_file(0x801, {3}, std::string("\0\1\2", 3)));
  }
  const std::string list = dir.write("classes.txt", "a\nb\n");
  CHECK_THAT(
      open_error(dir.path()),
      contains("label 2 at index 2, expected 0 to 1, the lines of ") && contains("classes.txt"));
  dir.write("classes.txt", "a\nb\nc\nd\n\x1a");
  const DataSplit split = open_dataset(dir.path());
  CHECK(split.train.class_names == Names{"a", "b", "c", "d"});
  CHECK(split.train.note == "no training images of d; no test images of d");
  for (const std::string& text :
       {std::string("a\nb\ncaf\xE9\n"), std::string("a\nb\n\xC0\xAF"),
        std::string("\xFF\xFE\0\0a\0\0\0\n\0\0\0", 12), std::string("\xFF\xFE\0\xD8", 4)}) {
    dir.write("classes.txt", text);
    CHECK_THAT(open_error(dir.path()), contains("classes.txt: ") && contains("save it as text in"));
  }
  std::filesystem::remove(list);
  std::filesystem::create_symlink("nowhere", list);
  CHECK_THAT(open_error(dir.path()), contains("classes.txt: cannot be opened"));
}
