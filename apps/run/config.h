// config.json: what a run was told, and where it ran.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "apps/shell/json.h"

namespace fovea {

/// The sections of config.json, as files.h has them; objects but for the first three.
struct RunConfig {
  std::string fovea, started, command;
  Json options, data, model, build, machine;
};

/// Now, in UTC: 2026-01-31T12:00:00Z.
std::string utc_now();

void write_config(const std::string& path, const RunConfig& config);

/// Sections that the file lacks are empty, all of them if it is missing. Throws Error if it is not
/// JSON.
RunConfig read_config(const std::string& path);

}  // namespace fovea
