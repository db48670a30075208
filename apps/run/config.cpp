#include "apps/run/config.h"

#include <ctime>
#include <nlohmann/json.hpp>

#include "core/file.h"

namespace fovea {

namespace {

// One list for both directions.
template <class Config, class Visit>
void visit_sections(Config& c, Visit visit) {
  visit("fovea", c.fovea), visit("started", c.started), visit("command", c.command);
  visit("options", c.options), visit("data", c.data), visit("model", c.model);
  visit("build", c.build), visit("machine", c.machine);
}

void take(const Json& json, std::string& text) {
  if (json.is_string()) text = json.get<std::string>();
}
void take(const Json& json, Json& section) {
  if (json.is_object()) section = json;
}

}  // namespace

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts = {};
  ::gmtime_r(&now, &parts);
  char text[40];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

void write_config(const std::string& path, const RunConfig& config) {
  Json json;
  visit_sections(config, [&](const char* name, const auto& section) { json[name] = section; });
  write_file_atomically(path, dump_json(json, 2) + "\n");
}

RunConfig read_config(const std::string& path) {
  const Json json = read_json(path);
  RunConfig config;
  visit_sections(config, [&](const char* name, auto& section) {
    section = {};
    if (json.is_object() && json.contains(name)) take(json.at(name), section);
  });
  return config;
}

}  // namespace fovea
