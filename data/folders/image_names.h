// Classes that the names of image files give, where no folders do.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fovea {

/// The class in a file's name without its ending; "" if there is none.
using NameRule = std::string (*)(std::string_view stem);

/// How the names of all of `paths` give classes: what is before the number of a copy (img_3 (12),
/// and img_3 beside it), before the number at the end (7_0001, cat.12, cat.12 (1)), behind the
/// number at the start (0001_cat), or in the last or the first field (img001_7, 7_a3f9). A rule
/// fits if it finds from two classes to half as many as there are images. Of two the first, but one
/// that finds padded numbers (000, 001), which count images, comes after one that does not. Null if
/// none fits, or if several fields may be the class.
NameRule find_name_rule(const std::vector<std::string>& paths);

/// What `rule` reads in the name of a file.
std::string class_in_name(const std::string& path, NameRule rule);

}  // namespace fovea
