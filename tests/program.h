// Running mnist_stn as its users do.
#pragma once

#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/temp_dir.h"

namespace fovea::testing {

struct ProgramOutcome {
  int code;
  std::string out, err;
};

/// Runs the program (FOVEA_PROGRAM, else build/mnist_stn) with `arguments` for the shell in `dir`.
inline ProgramOutcome run_program(const TempDir& dir, const std::string& arguments) {
  const char* named = std::getenv("FOVEA_PROGRAM");
  const auto program = std::filesystem::absolute(named ? named : "build/mnist_stn").string();
  const std::string command = "cd '" + dir.path() + "' && '" + program + "' " + arguments +
                              " >stdout.txt 2>stderr.txt </dev/null";
  const int status = std::system(command.c_str());
  const auto text = [&](const char* name) {
    std::ifstream file(dir.file(name), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), text("stdout.txt"),
          text("stderr.txt")};
}

/// Whether it is there; if not, says that a test is left out.
inline bool program_built() {
  const char* named = std::getenv("FOVEA_PROGRAM");
  const bool built = std::filesystem::exists(named ? named : "build/mnist_stn");
  if (!built) WARN("the program is not built, so its command line is not tested");
  return built;
}

}  // namespace fovea::testing
