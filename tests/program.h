// Running mnist_stn as its users do.
#pragma once

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "tests/temp_dir.h"

namespace fovea::testing {

struct ProgramOutcome {
  int code;
  std::string out, err;
  double seconds = 0;  ///< of CPU time
  long megabytes = 0;  ///< the most memory that was in use
};

inline std::string bytes_of_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::string program_path() {
  const char* named = std::getenv("FOVEA_PROGRAM");
  return std::filesystem::absolute(named ? named : "build/mnist_stn").string();
}

/// Runs a bash script in `dir`, in which $P is the program (FOVEA_PROGRAM, else build/mnist_stn).
inline ProgramOutcome run_shell(const TempDir& dir, const std::string& script) {
  const std::string file = dir.write(
      ".script.sh", "P='" + program_path() + "'; cd '" + dir.path() + "'\n" + script + "\n");
  const std::string out = dir.file(".stdout"), err = dir.file(".stderr");
  const std::string command = "exec bash '" + file + "' >'" + out + "' 2>'" + err + "' </dev/null";
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    ::_exit(127);
  }
  int status = 0;
  rusage used = {};
  if (child < 0 || ::wait4(child, &status, 0, &used) != child)
    throw std::runtime_error("no shell can be started");
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), bytes_of_file(out),
          bytes_of_file(err), seconds(used.ru_utime) + seconds(used.ru_stime),
          used.ru_maxrss / 1024};
}

/// Runs the program with `arguments` for the shell in `dir`.
inline ProgramOutcome run_program(const TempDir& dir, const std::string& arguments) {
  return run_shell(dir, "\"$P\" " + arguments);
}

/// Whether it is there; if not, says that a test is left out.
inline bool program_built() {
  const bool built = std::filesystem::exists(program_path());
  if (!built) WARN("the program is not built, so its command line is not tested");
  return built;
}

}  // namespace fovea::testing
