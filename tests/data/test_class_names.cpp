// Names of classes: encodings, look-alikes, lists that are not read.
#include <filesystem>

#include "apps/shell/json.h"
#include "core/utf8.h"
#include "data/folders/class_lists.h"
#include "data/folders/like_names.h"
#include "tests/catch.h"
#include "tests/dataset_helpers.h"

namespace {

using namespace fovea::testing;
using fovea::cat;
using fovea::DataSplit;
using fovea::decomposed;
using fovea::open_dataset;
using Names = std::vector<std::string>;

void fill(const TempDir& dir, const std::string& folder, int grey, int count = 6) {
  for (int i = 0; i < count; ++i)
    dir.write(cat(folder, "/", i, ".pgm"),
              "P5 2 2 255\n" + std::string(4, static_cast<char>(grey)));
}

const std::string composed = "caf\u00e9", apart = "cafe\u0301";

}  // namespace

TEST_CASE("one text in two encodings is told by its code points", "[datasets]") {
  for (const auto& [one, other] :
       {std::pair{composed, apart},
        {std::string("\u1ec7\u01d8\u1edd"), std::string("e\u0323\u0302u\u0308\u0301o\u031b\u0300")},
        {std::string("\uac00\uac01"), std::string("\u1100\u1161\u1100\u1161\u11a8")},
        {std::string("\u304c\u30d7\u0439\u03ae"),
         std::string("\u304b\u3099\u30d5\u309a\u0438\u0306\u03b7\u0301")}}) {
    CHECK(decomposed(one) == decomposed(other));
    CHECK(decomposed(other).size() > decomposed("cafe").size());
  }
  CHECK(decomposed("caf\u00e8") != decomposed(composed));
  CHECK(decomposed("\xff") != decomposed("\xfe"));
  CHECK(decomposed("\xff") != decomposed("\u00ff"));
}

TEST_CASE("classes whose names look alike are named", "[datasets][image_folder]") {
  const auto said = [](const Names& names) {
    return stderr_of([&] { fovea::warn_of_like_names(names); });
  };
  CHECK(said({composed, apart}) ==
        cat("warning: '", composed, "' and '", apart,
            "' are two classes, the same letters in two encodings (caf\\xc3\\xa9, "
            "cafe\\xcc\\x81)\n"));
  for (const char* other : {"Red Fox", "red fox ", "redfox", "red_fox", "red-fox", "red fox (12)",
                            "red fox - Copy", "red\u00a0fox"})
    CHECK(said({"red fox", other}) ==
          cat("warning: 'red fox' and '", other, "' are two classes\n"));
  CHECK(said({"a", "A", "\u00e9", "\u00c9", "-1", "1", "cafe", composed, "0", "10"}).empty());
}

TEST_CASE("test classes are found whatever the encoding of their letters", "[datasets]") {
  const TempDir dir;
  fill(dir, "train/" + composed, 1);
  fill(dir, "train/tea", 2);
  fill(dir, "test/" + apart, 3, 2);
  DataSplit split;
  CHECK_THAT(stderr_of([&] { split = open_dataset(dir.path()); }),
             contains(cat("warning: test images of ", apart, " are taken for the training class")));
  CHECK(split.test.labels == std::vector<std::int32_t>{0, 0});
  CHECK(split.test.class_names == Names{composed, "tea"});
  fill(dir, "train/" + apart, 4);  // now it is known which
  stderr_of([&] { split = open_dataset(dir.path()); });
  CHECK(split.test.labels == std::vector<std::int32_t>{0, 0});
  CHECK(split.test.class_names == Names{apart, composed, "tea"});

  const TempDir parts;
  for (const std::string& name : {composed + "_train", apart + "_test"}) fill(parts, name, 1);
  for (const char* name : {"tea_train", "tea_test"}) fill(parts, name, 2);
  split = open_dataset(parts.path());
  CHECK(split.train.class_names == Names{composed, "tea"});
  CHECK(split.test.size() == 12);
}

TEST_CASE("a class that only looks like one of training, and one folder that is two",
          "[datasets][image_folder]") {
  const TempDir dir;
  for (const char* name : {"train/Cat", "train/dog", "test/cat", "test/dog"}) fill(dir, name, 1, 2);
  CHECK_THAT(open_error(dir.path()),
             contains("(it has Cat, dog); if it is meant to be 'Cat', give"));
  std::filesystem::rename(dir.file("test/cat"), dir.file("test/Cat"));
  std::filesystem::create_symlink("dog", dir.file("train/fox"));
  CHECK(stderr_of([&] { open_dataset(dir.path()); }) ==
        "warning: 'dog' and 'fox' are two classes, but one folder by a link\n");
  std::filesystem::remove(dir.file("train/fox"));
  for (const char* name : {"training/Cat", "training/dog"}) fill(dir, name, 1, 2);
  CHECK_THAT(stderr_of([&] { open_dataset(dir.path()); }),
             contains(cat("left out: 1 (neither training/ nor test/, the test set): ", dir.path(),
                          "/train\n")));
}

TEST_CASE("names that are not UTF-8 stay apart in JSON and as classes", "[datasets][json]") {
  CHECK(fovea::as_utf8("a\xff\u00e9\xc3") == "a\\xff\u00e9\\xc3");
  const TempDir dir;
  fill(dir, "\xff", 1);
  fill(dir, "\xfe", 2);
  const DataSplit split = open_dataset(dir.path());
  CHECK(split.train.class_names == Names{"\\xfe", "\\xff"});
  CHECK(split.test.image(1)[0] == 1);
}

TEST_CASE("lists of classes that are not read are named", "[datasets][image_folder]") {
  const auto said = [](const TempDir& dir) { return stderr_of([&] { open_dataset(dir.path()); }); };
  const TempDir dir;
  for (const std::string part : {"train/", "test/"})
    for (const char* name : {"a", "b"}) fill(dir, part + name, 1, 2);
  CHECK(said(dir).empty());
  for (const char* name : {"labels.txt", "Classes.txt", "class_names.txt", "train/classes.json",
                           "class_to_idx.json", "test/labels.csv"}) {
    dir.write(name, "a\nb\n");
    CHECK_THAT(said(dir), contains(cat("left out: ", dir.path(), "/", name,
                                       "; names of classes are those of folders")));
    std::filesystem::remove(dir.file(name));
  }
  const TempDir idx;
  write_small_mnist(idx, 20, 10);
  idx.write("Classes.TXT", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n");
  idx.write("labels.txt", "a\nb\n");
  CHECK_THAT(said(idx), contains("/labels.txt; names of classes are read from classes.txt in "));
  CHECK(open_dataset(idx.path()).train.class_names[9] == "j");
}
