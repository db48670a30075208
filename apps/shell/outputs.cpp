#include "apps/shell/outputs.h"

#include <algorithm>
#include <filesystem>

#include "core/error.h"
#include "core/file.h"

namespace fovea {

namespace fs = std::filesystem;

bool is_replaceable(const std::string& path, std::string_view mark) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) return true;
  if (!fs::is_regular_file(status)) return false;
  std::string head;
  try {
    const std::vector<std::uint8_t> bytes = read_file_start(path, 4096);
    head.assign(bytes.begin(), bytes.end());
  } catch (const Error&) {
    return false;  // who cannot read it cannot tell whose it is
  }
  return head.find_first_not_of('\0') == std::string::npos || mark.starts_with(head) ||
         head.find(mark) != std::string::npos;
}

bool is_same_file(const std::string& a, const std::string& b) {
  std::error_code error;
  return fs::equivalent(a, b, error) && !error;
}

void require_replaceable(const std::string& path, std::string_view mark,
                         const std::vector<std::string>& inputs) {
  const auto read = std::find_if(inputs.begin(), inputs.end(), [&](const std::string& input) {
    return is_same_file(path, input);
  });
  require(read == inputs.end(), path, ": is read here and would be overwritten",
          read == inputs.end() || *read == path ? "" : cat(" (it is ", *read, ")"),
          "; choose another name for the output");
  require(is_replaceable(path, mark), path,
          ": is there already and was not made by this program in this format; choose another name "
          "or move it away");
}

}  // namespace fovea
