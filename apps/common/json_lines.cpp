#include "apps/common/json_lines.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>

#include "core/error.h"
#include "core/file.h"

namespace fovea {

namespace {

constexpr std::size_t size_limit = std::size_t(1) << 28;

}  // namespace

void for_each_json_line(const std::string& path,
                        const std::function<void(const nlohmann::json&)>& visit) {
  if (!std::filesystem::exists(path)) return;
  const std::vector<std::uint8_t> bytes = read_file(path, size_limit);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  int line = 1;
  for (std::size_t begin = 0, end; (end = text.find('\n', begin)) != text.npos;
       begin = end + 1, ++line) {
    if (end == begin) continue;
    try {
      visit(nlohmann::json::parse(text.substr(begin, end - begin)));
    } catch (const nlohmann::json::exception& error) {
      fail(path, ": line ", line, " is damaged: ", error.what(), "; remove that line");
    }
  }
}

nlohmann::json read_json(const std::string& path) {
  if (!std::filesystem::exists(path)) return nullptr;
  const std::vector<std::uint8_t> bytes = read_file(path, size_limit);
  try {
    return nlohmann::json::parse(bytes);
  } catch (const nlohmann::json::exception& error) {
    fail(path, ": is damaged: ", error.what(), "; remove the file");
  }
}

}  // namespace fovea
