// Layouts in which training and test images of public data sets come.
#include "tests/catch.h"
#include "tests/dataset_helpers.h"

namespace {

using namespace fovea::testing;
using fovea::cat;
using fovea::DataSplit;
using fovea::open_dataset;
using Names = std::vector<std::string>;

/// Folders of `count` images each, all images of a folder of its grey.
struct Part {
  std::string folder;
  int grey, count;
};

void fill(const TempDir& dir, const std::vector<Part>& parts, const std::string& prefix = "") {
  for (const auto& [folder, grey, count] : parts)
    for (int i = 0; i < count; ++i)
      dir.write(cat(folder, "/", prefix, i, ".pgm"),
                "P5 2 2 255\n" + std::string(4, static_cast<char>(grey)));
}

}  // namespace

TEST_CASE("folders that name class and part at once", "[datasets][image_folder]") {
  struct Layout {
    const char *train[2], *test[2];
    Names classes;
  };
  for (const Layout& layout :
       {Layout{{"cat_train", "dog_train"}, {"cat_test", "dog_test"}, {"cat", "dog"}},
        {{"train_cat", "train_dog"}, {"test_cat", "test_dog"}, {"cat", "dog"}},
        {{"CatTraining", "DogTraining"}, {"CatVal", "DogVal"}, {"Cat", "Dog"}},
        {{"trainA", "trainB"}, {"testA", "testB"}, {"A", "B"}},
        {{"black_cat-train", "red fox-train"},
         {"black_cat-valid", "red fox-valid"},
         {"black_cat", "red fox"}},
        {{"cat/train", "dog/train"}, {"cat/test", "dog/test"}, {"cat", "dog"}},
        {{"archive/cat/Train", "archive/dog/Train"},
         {"archive/cat/Test", "archive/dog/Test"},
         {"cat", "dog"}}}) {
    INFO(layout.train[0]);
    const TempDir dir;
    fill(dir, {{layout.train[0], 1, 3}, {layout.train[1], 2, 2}});
    fill(dir, {{layout.test[0], 3, 1}, {layout.test[1], 4, 2}});
    const DataSplit split = open_dataset(dir.path());
    CHECK(split.train.class_names == layout.classes);
    REQUIRE(split.train.labels == std::vector<std::int32_t>{0, 0, 0, 1, 1});
    REQUIRE(split.test.labels == std::vector<std::int32_t>{0, 1, 1});
    for (const int i : {0, 4}) CHECK(split.train.image(i)[0] == (i == 0 ? 1 : 2));
    for (const int i : {0, 2}) CHECK(split.test.image(i)[0] == (i == 0 ? 3 : 4));
    CHECK_THAT(split.train.note, contains("parts by the names of folders: "));
  }
  const TempDir dir;  // what lacks its other part
  fill(dir, {{"cat_train", 1, 2}, {"cat_test", 1, 2}, {"dog_train", 2, 2}, {"fox_test", 3, 2}});
  DataSplit split;
  CHECK_THAT(stderr_of([&] { split = open_dataset(dir.path()); }),
             contains("left out: 1 (neither training nor test images of a class): ") &&
                 contains("/fox_test"));
  CHECK_THAT(split.train.note, contains("no test images of dog"));
}

TEST_CASE("what is called like two parts is never two classes", "[datasets][image_folder]") {
  for (const auto& [train, test] : {std::pair{"x_train", "x_test"}, {"Xval", "TrainX"}}) {
    const TempDir dir;
    fill(dir, {{train, 1, 8}, {test, 2, 8}});
    CHECK_THAT(open_error(dir.path()), contains("are called like parts of a set") &&
                                           contains("found: 2 folders (") &&
                                           contains("use train/<class>/*.png and test/<class>"));
  }
  const TempDir deeper;
  for (const char* name : {"cat_train", "cat_test", "dog_train", "dog_test"})
    fill(deeper, {{cat(name, "/images"), 1, 2}});
  CHECK_THAT(open_error(deeper.path()), contains("cat_train and cat_test are called like parts"));
  const TempDir files;
  for (const std::string prefix : {"train_cat_", "test_cat_", "train_dog_", "test_dog_"})
    fill(files, {{".", 1, 8}}, prefix);
  CHECK_THAT(open_error(files.path()), contains("train_cat and test_cat are called like parts"));
  const TempDir images;  // labels elsewhere
  fill(images, {{"train_images", 1, 8}, {"test_images", 1, 8}});
  CHECK_THAT(open_error(images.path()),
             contains("train_images: holds images that are in no class"));
  const TempDir trains;  // classes
  fill(trains, {{"steam_train", 1, 8}, {"bullet_train", 2, 8}, {"testbed", 3, 8}});
  CHECK(open_dataset(trains.path()).train.class_names ==
        Names{"bullet_train", "steam_train", "testbed"});
  const TempDir named;  // parts, with classes in the names of files
  for (const std::string prefix : {"cat.", "dog."})
    fill(named, {{"train_images", 1, 3}, {"test_images", 2, 2}}, prefix);
  const DataSplit split = open_dataset(named.path());
  CHECK(split.train.class_names == Names{"cat", "dog"});
  CHECK(split.test.size() == 4);
}
