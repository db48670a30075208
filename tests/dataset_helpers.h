// What tests of data sets ask.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <span>
#include <sstream>
#include <string>

#include "data/open_dataset.h"
#include "tests/catch.h"
#include "tests/temp_dir.h"

namespace fovea::testing {

/// Why the folder cannot be opened, in one line.
inline std::string open_error(const std::string& directory, const OpenOptions& options = {}) {
  const std::string message = message_of([&] { open_dataset(directory, options); });
  CHECK(message.find('\n') == std::string::npos);
  return message;
}

/// What `action` writes to stderr.
template <class Action>
std::string stderr_of(const Action& action) {
  const TempDir dir;
  std::fflush(stderr);
  const int saved = ::dup(STDERR_FILENO);
  std::FILE* file = std::fopen(dir.file("stderr").c_str(), "wb");
  ::dup2(::fileno(file), STDERR_FILENO);
  action();
  std::fflush(stderr);
  ::dup2(saved, STDERR_FILENO);
  ::close(saved);
  std::fclose(file);
  std::ostringstream text;
  text << std::ifstream(dir.file("stderr")).rdbuf();
  return text.str();
}

inline std::string bytes_of(std::span<const std::uint8_t> bytes) {
  return {bytes.begin(), bytes.end()};
}

}  // namespace fovea::testing
