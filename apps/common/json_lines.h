// Files of JSON, one value a line.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace fovea {

/// Calls `visit` with every line of `path`, parsed; not at all if the file is missing. A last line
/// without its end, as a killed writer leaves it, is not read. Throws Error naming file and line if
/// one is not JSON, or if `visit` throws a JSON exception: a field is missing or of another type.
void for_each_json_line(const std::string& path,
                        const std::function<void(const nlohmann::json&)>& visit);

/// The file as one JSON value; null if it is missing. Throws Error if it is not JSON.
nlohmann::json read_json(const std::string& path);

}  // namespace fovea
