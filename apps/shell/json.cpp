#include "apps/shell/json.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/utf8.h"

namespace fovea {

namespace {

constexpr std::size_t lines_limit = std::size_t(1) << 28;
constexpr std::size_t size_limit = std::size_t(1)
                                   << 24;  // its parsed form may take thirty times that

std::string_view as_text(const std::vector<std::uint8_t>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class BeyondLimit : public Json::exception {
 public:
  explicit BeyondLimit(const std::string& what) : Json::exception(101, what.c_str()) {}
};

// Json copies and prints by recursion, which a file of nothing but brackets would take beyond the
// end of the stack, and looks for a name among those before it, which takes hours in an object of
// nothing but names.
void check_limits(std::string_view text) {
  constexpr int most_levels = 100, most_names = 512;
  int names[most_levels + 1] = {};
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') quoted = !quoted;
    if (quoted && c == '\\') ++i;
    if (quoted) continue;
    if (c == ']' || c == '}') depth = std::max(depth - 1, 0);
    if (c == '[' || c == '{') {
      if (++depth > most_levels)
        throw BeyondLimit(cat("lists and objects are nested more than ", most_levels, " deep"));
      names[depth] = 0;
    }
    if (c == ':' && ++names[depth] > most_names)
      throw BeyondLimit(cat("an object has more than ", most_names, " names"));
  }
}

Json in_utf8(const Json& json) {
  if (json.is_string()) return as_utf8(json.get_ref<const std::string&>());
  if (!json.is_structured()) return json;
  Json out = json.is_array() ? Json::array() : Json::object();
  for (const auto& [name, value] : json.items())
    json.is_array() ? out.push_back(in_utf8(value)) : void(out[as_utf8(name)] = in_utf8(value));
  return out;
}

}  // namespace

Json parse_json(std::string_view text) {
  check_limits(text);
  return Json::parse(text);
}

std::string json_reason(const std::exception& error) {
  const std::string_view text = error.what();
  const std::size_t end = text.starts_with("[json.exception.") ? text.find("] ") : text.npos;
  return std::string(end == text.npos ? text : text.substr(end + 2));
}

std::string dump_json(const Json& json, int indent) {
  try {
    return json.dump(indent);
  } catch (const Json::type_error&) {  // two names that differ must not become one
    return in_utf8(json).dump(indent);
  }
}

void for_each_json_line(const std::string& path, const std::function<void(const Json&)>& visit,
                        const std::function<void(int, const std::string&)>& damaged) {
  if (!std::filesystem::exists(path)) return;
  const std::vector<std::uint8_t> bytes = read_file(path, lines_limit);
  const std::string_view text = as_text(bytes);
  int line = 1;
  const auto tell = [&](const std::string& why) {
    if (damaged) return damaged(line, why);
    fail(path, ": line ", line, " is damaged: ", why, "; remove that line");
  };
  for (std::size_t begin = 0, end; (end = text.find('\n', begin)) != text.npos;
       begin = end + 1, ++line) {
    if (end == begin) continue;
    try {
      visit(parse_json(text.substr(begin, end - begin)));
    } catch (const Json::exception& error) {
      tell(printable(json_reason(error), 200));
    } catch (const Error& error) {
      tell(error.what());
    }
  }
}

Json read_json(const std::string& path) {
  if (!std::filesystem::exists(path)) return nullptr;
  const std::vector<std::uint8_t> bytes = read_file(path, size_limit);
  try {
    return parse_json(as_text(bytes));
  } catch (const Json::exception& error) {
    fail(path, ": is damaged: ", json_reason(error), "; remove the file");
  }
}

}  // namespace fovea
