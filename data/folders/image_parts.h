// Which folders are a training and a test part, by their names.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

namespace fovea {

using Words = std::initializer_list<const char*>;
inline constexpr Words train_words = {"training", "train"};
inline constexpr Words test_words = {"testing", "test",       "validation", "valid",
                                     "val",     "evaluation", "eval",       "dev"};

/// What a folder's name has besides one of `words`, in small letters: "seg" of "seg-train"; nothing
/// of "Train", and of those with words like "set" or "images". None if it has no such word.
std::optional<std::string> beside_word(const std::string& name, const char* word);

/// The folders in `directory` that are called one of `words` and `rest`, in the order of `words`.
std::vector<std::string> find_parts(const std::string& directory, Words words,
                                    const std::string& rest = "");

/// A class whose parts are folders of images.
struct ClassParts {
  std::string name, train;
  std::string test;  ///< may be empty
};

/// The classes of a folder whose folders name class and part at once, cat_train/ and cat_test/
/// beside dog_train/ and dog_test/, or have a folder for each part, cat/train/ and cat/test/. Empty
/// unless there are two of them, and test images.
std::vector<ClassParts> find_class_parts(const std::string& directory);

}  // namespace fovea
