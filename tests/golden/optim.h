// Reads tests/golden/optim.json (see optim.py): one flat object of number lists, nothing else.
#pragma once

#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "core/error.h"

/// The list of that name.
inline const std::vector<double>& optim_golden(const std::string& name) {
  static const auto all = [] {
    std::string path = __FILE__;
    path.replace(path.rfind('/'), std::string::npos, "/optim.json");
    std::ifstream file(path);
    fovea::require(file.good(), "cannot open ", path, ": run the tests from the repository's root");
    const std::string text(std::istreambuf_iterator<char>(file), {});
    std::map<std::string, std::vector<double>> lists;
    for (std::size_t at = text.find('"'); at != std::string::npos; at = text.find('"', at)) {
      const std::size_t end = text.find('"', at + 1);
      std::vector<double>& list = lists[text.substr(at + 1, end - at - 1)];
      at = text.find('[', end);
      while (text[at] != ']') {
        std::size_t used = 0;
        list.push_back(std::stod(text.substr(at + 1, 40), &used));
        at += 1 + used;
      }
    }
    return lists;
  }();
  const auto found = all.find(name);
  fovea::require(found != all.end(), "optim.json has no \"", name, "\"");
  return found->second;
}
