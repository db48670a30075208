// Files that look like lists of classes.
#pragma once

#include <string>
#include <vector>

namespace fovea {

/// The path of classes.txt in `directory`, in any case (Classes.txt); "" if there is none.
std::string find_class_list(const std::string& directory);

/// Other files in `directory` that are called like a list of classes or of labels: labels.txt,
/// class_names.txt, classes.json.
std::vector<std::string> find_other_class_lists(const std::string& directory);

}  // namespace fovea
