// core/file.h where there are no files (`make web`).
#include "core/file.h"

#include "core/error.h"

namespace fovea {

std::vector<std::uint8_t> read_file_start(const std::string& path, std::size_t) {
  fail(path, ": this build reads no files");
}

}  // namespace fovea
