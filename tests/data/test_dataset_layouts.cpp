// Names and layouts in which data sets come: EMNIST, QMNIST, folders of other names, lists of
// classes.
#include <cstdio>
#include <filesystem>

#include "core/error.h"
#include "data/emnist.h"
#include "data/folders/image_listing.h"
#include "data/image.h"
#include "data/open_dataset.h"
#include "tests/catch.h"
#include "tests/dataset_helpers.h"
#include "tests/temp_dir.h"

namespace {

using namespace fovea::testing;
using fovea::cat;
using fovea::DataSplit;
using fovea::open_dataset;
using fovea::Shape;
using Names = std::vector<std::string>;

void write_grey(const TempDir& dir, const std::string& name, int grey) {
  fovea::write_png(dir.file(name), {2, 2, 1, std::vector<std::uint8_t>(4, std::uint8_t(grey))});
}

void write_emnist(const TempDir& dir, const std::string& set, const std::string& labels) {
  for (const std::string part : {"train", "test"}) {
    const std::string stem = "gzip/emnist-" + set + "-" + part;
    const auto count = static_cast<unsigned>(labels.size());
    dir.write(stem + "-images-idx3-ubyte.gz",
              gzip(idx_file(0x803, {count, 2, 3}, pattern(labels.size() * 6, 1))));
    dir.write(stem + "-labels-idx1-ubyte.gz", gzip(idx_file(0x801, {count}, labels)));
  }
}

}  // namespace

TEST_CASE("EMNIST: upright letters from 1 on, one of several sets", "[datasets]") {
  const TempDir dir;
  write_emnist(dir, "letters", "\1\32");
  DataSplit split = open_dataset(dir.path());
  CHECK(split.train.image_shape == Shape{1, 3, 2});
  CHECK(bytes_of(split.train.image(0)) == std::string("\0\3\1\4\2\5", 6));  // was 0 1 2 / 3 4 5
  CHECK(split.train.labels == std::vector<std::int32_t>{0, 25});
  CHECK(split.test.class_names.front() == "A");
  CHECK(split.test.classes() == 26);

  write_emnist(dir, "balanced", std::string("\0\44\56", 3));
  CHECK_THAT(open_error(dir.path()), contains("holds 2 sets of EMNIST (balanced, letters)"));
  for (const char* name : {"/gzip/balanced", "/gzip/emnist-balanced"}) {
    split = open_dataset(dir.path() + name);
    CHECK(split.train.classes() == 47);
    CHECK(split.train.class_names[36] == "a");
    CHECK(split.train.class_names[46] == "t");
  }
  CHECK_THAT(open_error(dir.path() + "/gzip/digits"), contains("no such folder"));
  write_emnist(dir, "letters", std::string("\0\1", 2));
  CHECK_THAT(open_error(dir.path() + "/gzip/letters"),
             contains("label 0 at index 0, expected 1 to 26"));
}

TEST_CASE("QMNIST: rows of eight 32-bit labels", "[datasets]") {
  const TempDir dir;
  const auto labels = [](int first, int second) {
    std::string rows;
    for (const int label : {first, second}) {
      rows += std::string("\0\0\0", 3) + static_cast<char>(label);
      rows += std::string(28, '\7');
    }
    return rows;
  };
  for (const std::string part : {"qmnist-train", "qmnist-test"}) {
    dir.write(part + "-images-idx3-ubyte.gz", gzip(idx_file(0x803, {2, 1, 2}, "abcd")));
    dir.write(part + "-labels-idx2-int.gz", gzip(idx_file(0xC02, {2, 8}, labels(9, 3))));
  }
  const DataSplit split = open_dataset(dir.path());
  CHECK(split.train.labels == std::vector<std::int32_t>{9, 3});
  CHECK(bytes_of(split.test.image(1)) == "cd");
  dir.write("qmnist-test-labels-idx2-int.gz", idx_file(0xC02, {2, 8}, labels(9, 10)));
  CHECK_THAT(open_error(dir.path()), contains("label 10 at index 1"));
  dir.write("qmnist-test-labels-idx2-int.gz", idx_file(0xC02, {2, 7}, labels(9, 1).substr(8)));
  CHECK_THAT(open_error(dir.path()), contains("has 7 numbers a label, QMNIST has 8"));
  dir.write("qmnist-test-labels-idx2-int.gz", idx_file(0xC02, {1, 8}, labels(9, 1).substr(32)));
  CHECK_THAT(open_error(dir.path()), contains("qmnist-test-images-idx3-ubyte.gz: 2 images, but ") &&
                                         contains("there are 1 labels"));
}

TEST_CASE("image folder: other names of its parts", "[datasets][image_folder]") {
  for (const auto& [train, test] : {std::pair{"training", "testing"},
                                    {"train", "valid"},
                                    {"train", "validation"},
                                    {"Train", "Test"},
                                    {"train", "val"}}) {
    const TempDir dir;
    for (const char* name : {"0", "1"}) {
      write_grey(dir, cat(train, "/", name, "/a.png"), 1);
      write_grey(dir, cat(test, "/", name, "/a.png"), 2);
    }
    const DataSplit split = open_dataset(dir.path());
    CHECK(split.train.labels.size() == 2);
    CHECK(split.test.image(1)[0] == 2);
  }
}

TEST_CASE("image folder: classes by the names of files", "[datasets][image_folder]") {
  struct Case {
    const char* format;
    Names classes;
  };
  for (const Case& one : {Case{"%d_%04d.png", {"0", "1"}},
                          {"class%d.%d.png", {"class0", "class1"}},
                          {"%d (%d).png", {"0", "1"}},
                          {"%d-%d", {"0", "1"}}}) {
    const TempDir dir;
    for (const std::string part : {"", "train/", "test/"})
      for (int i = 0; i < 14; ++i) {
        char name[40];
        std::snprintf(name, sizeof name, one.format, i % 2, i);
        write_grey(dir, part.empty() ? "flat/" + std::string(name) : "parts/" + part + name, i);
      }
    const DataSplit flat = open_dataset(dir.path() + "/flat");
    CHECK(flat.train.class_names == one.classes);
    CHECK(flat.train.size() == 12);
    CHECK(flat.test.size() == 2);
    const DataSplit parts = open_dataset(dir.path() + "/parts");
    CHECK(parts.test.class_names == one.classes);
    CHECK(parts.test.size() == 14);
  }
  const TempDir behind;  // number first
  for (int i = 0; i < 14; ++i)
    write_grey(behind, cat(1000 + i, i % 2 ? "_cat.png" : "_dog.png"), i);
  CHECK(open_dataset(behind.path()).train.class_names == Names{"cat", "dog"});
  const TempDir none;  // no classes in these
  for (int i = 0; i < 14; ++i) write_grey(none, cat("img_", i, ".png"), i);
  CHECK_THAT(open_error(none.path()), contains("found: 14 files (.png)"));
}

TEST_CASE("image folder: where in a name the class is", "[datasets][image_folder]") {
  const auto classes_of = [](const auto& name) {
    const TempDir dir;
    for (int i = 0; i < 60; ++i) write_grey(dir, name(i) + ".png", i);
    return open_dataset(dir.path()).train.class_names;
  };
  const auto padded = [](int i) { return cat(i < 10 ? "00" : "0", i); };
  const Names digits = {"0", "1", "2"};
  CHECK(classes_of([&](int i) { return cat(padded(i), "_", i % 3); }) == digits);
  CHECK(classes_of([&](int i) { return cat("img", padded(i), "_", i % 3); }) == digits);
  CHECK(classes_of([&](int i) { return cat(i % 3, "_", padded(i / 3)); }) == digits);
  CHECK(classes_of([&](int i) { return cat(padded(i / 3), "_", i % 3); }) == digits);
  CHECK(classes_of([&](int i) { return cat(i % 3, "_", i / 3); }) == digits);
  CHECK(classes_of([&](int i) { return cat("mnist_", padded(i), "_label_", i % 3); }) == digits);
  CHECK(classes_of([&](int i) { return cat(i, "-label=", i % 3); }) ==
        Names{"label=0", "label=1", "label=2"});
  CHECK(classes_of([&](int i) { return cat("a", i, "-label=", i % 3); }) == digits);
  CHECK(classes_of([&](int i) { return cat(i % 3, "_a", padded(i), "b"); }) == digits);
  CHECK(classes_of([&](int i) { return cat(padded(i % 3), "-", padded(i)); }) ==
        Names{"000", "001", "002"});
}

TEST_CASE("image folder: names that give no class, or several, are listed",
          "[datasets][image_folder]") {
  const auto error_of = [](const auto& name) {
    const TempDir dir;
    for (int i = 0; i < 60; ++i) write_grey(dir, name(i) + ".png", i);
    return open_error(dir.path());
  };
  for (const std::string& error :
       {error_of([](int i) { return cat("test_", i); }), error_of([](int i) { return cat(i); }),
        error_of([](int i) { return cat("a", i, "_", i % 3, "_", i % 4); }),
        error_of([](int i) { return cat("x", i, "y"); })})
    CHECK_THAT(error, contains("found: 60 files (.png); names of images give no class: ") &&
                          contains("<class>/*.png, <class>_1.png, 1_<class>.png"));
  const TempDir parts;
  for (int i = 0; i < 12; ++i) write_grey(parts, cat(i % 2 ? "train/" : "test/", i, ".png"), i);
  CHECK_THAT(open_error(parts.path()), contains("/train: holds images that are in no class"));
  const TempDir one;
  for (int i = 0; i < 12; ++i) write_grey(one, cat("images/", i, ".png"), i);
  CHECK_THAT(open_error(one.path()), contains("all images are of one class, images"));
}

TEST_CASE("image folder: test images are read as training images are", "[datasets][image_folder]") {
  const TempDir dir;
  for (int i = 0; i < 60; ++i) write_grey(dir, cat("train/", i, "_", i % 3, ".png"), i);
  for (int i = 0; i < 3; ++i) write_grey(dir, cat("test/", i, "_", (i + 1) % 3, ".png"), i);
  const DataSplit split = open_dataset(dir.path());
  CHECK(split.test.labels == std::vector<std::int32_t>{0, 1, 2});
  CHECK(split.test.image(0)[0] == 2);
  CHECK_THAT(split.train.note, contains("classes by the names of files: 0_0.png is of class 0"));
}

TEST_CASE("image folder: content tells an image, not its name", "[datasets][image_folder]") {
  const TempDir dir;
  for (int i = 0; i < 12; ++i) write_grey(dir, cat(i % 2 ? "a/" : "b/", i, i < 6 ? "" : ".dat"), i);
  dir.write("a/note.txt", "no image");
  dir.write("a/.hidden", "no image");
  const DataSplit split = open_dataset(dir.path());
  CHECK(split.train.size() + split.test.size() == 12);
  CHECK(fovea::is_image_path(dir.path() + "/b/0"));
  CHECK_FALSE(fovea::is_image_path(dir.path() + "/a/note.txt"));
}

TEST_CASE("a parent folder: its only data set, or a list of them", "[datasets]") {
  const TempDir dir;
  for (int i = 0; i < 12; ++i) write_grey(dir, cat("one/", i % 2 ? "a/" : "b/", i, ".png"), i);
  dir.write("docs/readme.txt", "x");
  CHECK(open_dataset(dir.path()).train.class_names == Names{"a", "b"});
  for (int i = 0; i < 12; ++i) write_grey(dir, cat("two/", i % 2 ? "a/" : "b/", i, ".png"), i);
  CHECK_THAT(open_error(dir.path()), contains("holds several data sets (one, two)"));
  const TempDir comma;  // one data set, although its name reads like two
  for (int i = 0; i < 12; ++i) write_grey(comma, cat("x, y/", i % 2 ? "a/" : "b/", i, ".png"), i);
  CHECK(open_dataset(comma.path()).train.class_names == Names{"a", "b"});
  std::filesystem::create_directory_symlink("x, y", comma.path() + "/link");  // the same one
  CHECK(open_dataset(comma.path()).train.class_names == Names{"a", "b"});
  const TempDir other;
  other.write("x.parquet", "x");
  other.write("sub/y.npz", "x");
  CHECK_THAT(open_error(other.path()),
             contains("found: 1 folder (sub) with 1 file (y.npz), 1 file (x.parquet)"));
}

TEST_CASE("a parent folder: the search of a large one is cut short, and that is said",
          "[datasets]") {
  const TempDir dir;
  dir.file("m/deep/x");
  for (int i = 0; i < 72; ++i) {
    std::filesystem::create_symlink("deep", dir.path() + cat("/m/", i));
    std::filesystem::create_symlink("nowhere", dir.path() + cat("/m/deep/", i));
  }
  CHECK_THAT(open_error(dir.path()),
             contains("no data set here") && contains("found: 1 folder (m))") &&
                 contains("not all of its folders were looked into: name the folder of the data"));
  for (int i = 0; i < 12; ++i) write_grey(dir, cat("a/one/", i % 2 ? "a/" : "b/", i, ".png"), i);
  CHECK_THAT(open_error(dir.path()), contains(cat("may be one in ", dir.path(), "/a/one: name")));
  CHECK(open_dataset(dir.path() + "/a").train.classes() == 2);
}

TEST_CASE("what is left out is listed for each reason", "[datasets][image_folder]") {
  const TempDir dir;
  for (int i = 0; i < 4; ++i) write_grey(dir, cat(i % 2 ? "a/" : "b/", i, ".png"), i);
  dir.write("c/x.heic", "x");
  dir.file("empty/x");
  write_grey(dir, "loose.png", 1);
  write_grey(dir, "a/deeper/1.png", 1);
  fovea::LeftOut left_out;
  const auto classes = fovea::list_classes(dir.path(), &left_out);
  CHECK(classes.size() == 4);
  const Names lines = left_out.lines();
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] ==
        cat("left out: 1 (images beside the class folders): ", dir.path(), "/loose.png"));
  CHECK_THAT(lines[1], contains("a/deeper"));
  CHECK_THAT(lines[2], contains("c/x.heic"));
}

TEST_CASE("classes.txt: marks, UTF-16, line ends, empty and repeated lines", "[datasets]") {
  const TempDir dir;
  const auto names = [&](const std::string& text) {
    return fovea::read_class_names(dir.write("classes.txt", text));
  };
  const Names wanted = {"caf\xC3\xA9", "b c"};
  CHECK(names("\xEF\xBB\xBF"
              "caf\xC3\xA9\r\nb c\r\n") == wanted);
  CHECK(names("caf\xC3\xA9\rb c\r") == wanted);
  CHECK(names(" caf\xC3\xA9 \n\tb c\n \n") == wanted);
  CHECK(names(std::string("\xFF\xFE"
                          "c\0a\0f\0\xE9\0\n\0b\0 \0c\0",
                          18)) == wanted);
  CHECK(names(std::string("\xFE\xFF\0c\0a\0f\0\xE9\0\n\0b\0 \0c", 18)) == wanted);
  CHECK(names(std::string("\xFF\xFE\x3D\xD8\x00\xDE", 6)) == Names{"\xF0\x9F\x98\x80"});
  const auto error = [&](const std::string& text) { return message_of([&] { names(text); }); };
  CHECK_THAT(error("a\n\nb\n"), contains("line 2 is empty"));
  CHECK_THAT(error("a\nb\na\n"), contains("lines 1 and 3 both name a"));
  CHECK_THAT(error(std::string("a\0b", 3)), contains("bytes of zero"));
  CHECK_THAT(error("\xEF\xBB\xBF\n"), contains("is empty"));
}

TEST_CASE("text from files is shown as one short line", "[error]") {
  using fovea::printable;
  CHECK(printable("plain \xC3\xA9") == "plain \xC3\xA9");
  CHECK(printable("a\nb\x1b[31m\tc\x7f") == "a\\nb\\x1b[31m\\tc\\x7f");
  CHECK(printable("\xFF\xC3") == "\\xff\\xc3");
  CHECK(printable("a\xE2\x80\xAEz\xC2\x9B") == "a\\u202ez\\u009b");
  const std::string cut = printable(std::string(5'000'000, 'x') + "end");
  CHECK(cut.size() < 260);
  CHECK(cut.ends_with("xend"));
  CHECK_THAT(cut, contains("(4999803 bytes more)"));
  CHECK(std::string(fovea::Error("two\nlines").what()) == "two\\nlines");
}
