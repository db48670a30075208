// core/file.h where there are no files (`make web`).
#include "core/file.h"

#include "core/error.h"

namespace fovea {

std::vector<std::uint8_t> read_file_start(const std::string& path, std::size_t) {
  fail(path, ": this build reads no files");
}

void write_file_atomically(const std::string& path, std::string_view) {
  fail(path, ": this build writes no files");
}

}  // namespace fovea
