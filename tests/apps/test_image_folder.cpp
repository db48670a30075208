// Folders of image files: classes, order, sizes, colour, and files that cannot be read.
#include <sys/stat.h>

#include <algorithm>

#include "apps/train/data.h"
#include "core/error.h"
#include "data/open_dataset.h"
#include "tests/catch.h"
#include "tests/dataset_helpers.h"
#include "tests/temp_dir.h"

namespace {

using namespace fovea::testing;
using fovea::cat;
using fovea::DataSplit;
using fovea::load_data;
using fovea::open_dataset;
using fovea::Shape;

// A 4 x 3 image file whose pixels are all `grey`, or (grey, 10, 20) with colour. PGM and PPM are
// simple enough to write here.
void write_pnm(const TempDir& dir, const std::string& name, int grey, bool colour = false,
               const std::string& size = "4 3") {
  std::string pixels;
  for (int i = 0; i < 12; ++i) {
    pixels += static_cast<char>(grey);
    if (colour) pixels += "\x0a\x14";
  }
  dir.write(name, (colour ? "P6\n" : "P5\n") + size + "\n255\n" + pixels);
}

}  // namespace

TEST_CASE("image folder: classes with train and test", "[image_folder]") {
  const TempDir dir;
  for (int label : {0, 2, 10}) {
    const std::string folder = std::to_string(label) + "/";
    for (int i = 0; i < 3; ++i)
      write_pnm(dir, "train/" + folder + std::to_string(i) + ".pgm", 20 * label + i);
    write_pnm(dir, "test/" + folder + "only.PGM", 100 + label);
  }
  dir.write("README.md", "not an image");
  dir.write("train/2/Thumbs.db", "not an image");
  dir.write("train/2/._0.pgm", "hidden");
  const DataSplit split = open_dataset(dir.path());
  CHECK(split.train.class_names == std::vector<std::string>{"0", "2", "10"});
  CHECK(split.train.image_shape == Shape{1, 3, 4});
  CHECK(split.train.labels == std::vector<std::int32_t>{0, 0, 0, 1, 1, 1, 2, 2, 2});
  CHECK(bytes_of(split.train.image(5)) == std::string(12, 42));
  CHECK(split.test.labels == std::vector<std::int32_t>{0, 1, 2});
  CHECK(split.test.image(2)[11] == 110);
  CHECK(split.train.note.empty());
}

TEST_CASE("image folder: one colour image makes the set colour", "[image_folder]") {
  const TempDir dir;
  for (int i = 0; i < 20; ++i) write_pnm(dir, "train/a/" + std::to_string(100 + i) + ".pgm", i);
  write_pnm(dir, "train/b/1.ppm", 50, true);
  write_pnm(dir, "val/a/1.pgm", 60);
  const DataSplit split = open_dataset(dir.path());
  REQUIRE(split.train.image_shape == Shape{3, 3, 4});
  CHECK(bytes_of(split.train.image(19)) == std::string(36, 19));
  CHECK(bytes_of(split.train.image(20)) ==
        std::string(12, 50) + std::string(12, 10) + std::string(12, 20));
  CHECK(bytes_of(split.test.image(0)) == std::string(36, 60));
  CHECK(split.train.mean.size() == 3);
}

TEST_CASE("image folder: class folders alone are split five to one", "[image_folder]") {
  const TempDir dir;
  for (int i = 0; i < 13; ++i) write_pnm(dir, "cat/" + std::to_string(10 + i) + ".pgm", i);
  for (int i = 0; i < 6; ++i) write_pnm(dir, "ant/" + std::to_string(10 + i) + ".pgm", 100 + i);
  dir.write("notes/text.txt", "a folder without images is no class");
  const DataSplit split = open_dataset(dir.path());
  CHECK(split.train.class_names == std::vector<std::string>{"ant", "cat"});
  REQUIRE(split.test.size() == 3);
  CHECK(split.train.size() == 16);
  CHECK(split.test.image(0)[0] == 105);
  CHECK(split.test.image(1)[0] == 5);
  CHECK(split.test.image(2)[0] == 11);
  CHECK_THAT(split.train.note, contains("every 6th image"));
}

TEST_CASE("image folder: a limit keeps every class", "[image_folder]") {
  const TempDir dir;
  for (const char* name : {"ant", "bee", "cat"})
    for (int i = 0; i < 12; ++i)
      write_pnm(dir, cat(name, "/", 10 + i, ".pgm"), 20 * (name[0] - 'a') + i);
  const DataSplit split = load_data({.directory = dir.path(), .train_limit = 6, .test_limit = 3});
  CHECK(split.train.labels == std::vector<std::int32_t>{0, 0, 1, 1, 2, 2});
  CHECK(split.test.labels == std::vector<std::int32_t>{0, 1, 2});
  CHECK(split.train.pixels.size() == 6 * 12);
  CHECK(split.train.image(4)[0] == 40);  // the first of cat
  CHECK(split.train.image(5)[0] == 46);  // its sixth for training, behind the first test image
  CHECK(split.test.image(2)[0] == 45);
}

TEST_CASE("image folder: unreadable and odd images", "[image_folder]") {
  const TempDir dir;
  for (int i = 0; i < 30; ++i) write_pnm(dir, "train/a/" + std::to_string(100 + i) + ".pgm", i);
  write_pnm(dir, "train/b/1.pgm", 99);
  write_pnm(dir, "test/a/1.pgm", 9);
  for (const char* name : {"105", "117", "122"})
    dir.write(cat("train/a/", name, ".pgm"), "P5 damaged");
  // The first damaged file is the one named, however the threads run.
  for (int i = 0; i < 20; ++i) CHECK_THAT(open_error(dir.path()), contains("train/a/105.pgm"));

  DataSplit split;
  const std::string named =
      stderr_of([&] { split = open_dataset(dir.path(), {.skip_unreadable = true}); });
  CHECK(std::count(named.begin(), named.end(), '\n') == 3);
  for (const char* name : {"105", "117", "122"})
    CHECK_THAT(named, contains(cat("skipped: ", dir.path(), "/train/a/", name, ".pgm: ")));
  REQUIRE(split.train.size() == 28);
  CHECK(split.train.labels.size() == 28);
  CHECK(split.train.image(4)[0] == 4);
  CHECK(split.train.image(5)[0] == 6);
  CHECK(split.train.image(26)[11] == 29);
  CHECK_THAT(split.train.note, contains("3 unreadable images left out"));
}

TEST_CASE("image folder: images of another size", "[image_folder]") {
  const TempDir dir;
  write_pnm(dir, "train/a/100.pgm", 9, false, "3 4");
  write_pnm(dir, "train/a/101.pgm", 9);
  write_pnm(dir, "train/b/1.pgm", 9, false, "3 4");
  write_pnm(dir, "test/a/1.pgm", 9, false, "3 4");
  for (bool skip_unreadable : {false, true})
    CHECK_THAT(open_error(dir.path(), {.skip_unreadable = skip_unreadable}),
               contains("101.pgm: is 4 x 3 pixels, but the first image is 3 x 4"));
}

TEST_CASE("image folder: nothing readable", "[image_folder]") {
  const TempDir dir;
  for (const char* name : {"train/a/1.pgm", "train/b/1.pgm"}) write_pnm(dir, name, 9);
  dir.write("test/a/2.pgm", "P5 damaged");
  std::string error;
  stderr_of([&] { error = open_error(dir.path(), {.skip_unreadable = true}); });
  CHECK_THAT(error, contains("test/a/2.pgm: no test image can be read"));
  for (const char* name : {"train/a/1.pgm", "train/b/1.pgm"}) dir.write(name, "P5 damaged");
  CHECK_THAT(open_error(dir.path(), {.skip_unreadable = true}),
             contains("train/a/1.pgm: no training image"));
}

TEST_CASE("image folder: wrong folders", "[image_folder]") {
  const TempDir dir;
  write_pnm(dir, "train/a/1.pgm", 1);
  CHECK_THAT(open_error(dir.path()), contains("has train/ but neither test/ nor val/"));
  write_pnm(dir, "train/c/1.pgm", 1);
  write_pnm(dir, "test/b/1.pgm", 1);
  CHECK_THAT(open_error(dir.path()), contains("test/b: a class that the training set does not"));
  dir.file("train/b/none");
  CHECK_THAT(open_error(dir.path()), contains("train/b: a class folder without images"));
  REQUIRE(::mkfifo(dir.file("train/b/1.png").c_str(), 0600) == 0);
  CHECK_THAT(open_error(dir.path()), contains("train/b/1.png"));
  const TempDir few;
  for (const char* name : {"a/1.pgm", "b/1.pgm"}) write_pnm(few, name, 1);
  CHECK_THAT(open_error(few.path()), contains("no class has 6 images"));
}
