// What tests of data sets ask.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "data/open_dataset.h"
#include "tests/catch.h"
#include "tests/temp_dir.h"

namespace fovea::testing {

/// Why the folder cannot be opened, in one line.
inline std::string open_error(const std::string& directory) {
  const std::string message = message_of([&] { open_dataset(directory); });
  CHECK(message.find('\n') == std::string::npos);
  return message;
}

inline std::string bytes_of(std::span<const std::uint8_t> bytes) {
  return {bytes.begin(), bytes.end()};
}

}  // namespace fovea::testing
