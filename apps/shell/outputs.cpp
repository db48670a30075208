#include "apps/shell/outputs.h"

#include <algorithm>
#include <filesystem>

#include "core/error.h"
#include "core/file.h"

namespace fovea {

namespace fs = std::filesystem;

namespace {

bool is_zero(const std::vector<std::uint8_t>& bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

// What a path means, also through links that lead to nothing yet.
fs::path target_of(const std::string& path) {
  fs::path target = fs::absolute(path);
  std::error_code error;
  for (int hops = 0; hops < 40 && fs::is_symlink(fs::symlink_status(target, error)); ++hops)
    target = target.parent_path() / fs::read_symlink(target, error);
  return fs::weakly_canonical(target, error);
}

}  // namespace

bool is_replaceable(const std::string& path, std::string_view mark) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) return true;
  if (!fs::is_regular_file(status)) return false;
  try {
    const std::vector<std::uint8_t> start = read_file_start(path, 4096);
    const std::string head(start.begin(), start.end());
    if (mark.starts_with(head) || head.find(mark) != std::string::npos) return true;
    if (!is_zero(start)) return false;
    return is_zero(read_file(path, 1 << 26));  // a disk image may begin with zeros, too
  } catch (const Error&) {
    return false;  // who cannot read it cannot tell whose it is
  }
}

bool is_same_file(const std::string& a, const std::string& b) {
  std::error_code error;
  return fs::equivalent(a, b, error) && !error;
}

bool is_same_target(const std::string& a, const std::string& b) {
  return is_same_file(a, b) || target_of(a) == target_of(b);
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
