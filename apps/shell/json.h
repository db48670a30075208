// JSON text and files. Parsing and printing are compiled here once: in every file that uses them
// they cost a second each.
#pragma once

#include <exception>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace fovea {

/// Keeps the order of an object's names.
using Json = nlohmann::ordered_json;

/// Throws Json::exception if `text` is not JSON, is nested more than 100 deep or has an object of
/// more than 512 names.
Json parse_json(std::string_view text);

/// What is wrong, without the library's own "[json.exception.type_error.302] ".
std::string json_reason(const std::exception& error);

/// On one line, or with `indent` spaces a level if that is not negative. What is not UTF-8
/// becomes \\xHH: names of files and classes may be anything.
std::string dump_json(const Json& json, int indent = -1);

/// Calls `visit` with every line of `path`, parsed; not at all if the file is missing. A last line
/// without its end, as a killed writer leaves it, is not read. A line is damaged if it is not JSON,
/// or if `visit` throws an Error or a JSON exception, as where a field is missing or of another
/// type: `damaged` is told its number and why; without that, throws Error with both.
void for_each_json_line(const std::string& path, const std::function<void(const Json&)>& visit,
                        const std::function<void(int, const std::string&)>& damaged = {});

/// The file as one JSON value; null if it is missing. Throws Error if it is not JSON.
Json read_json(const std::string& path);

}  // namespace fovea
