#include "apps/shell/build_info.h"

#include <errno.h>

#include "core/blas.h"
#include "core/error.h"
#include "core/lanes.h"
#include "core/workers.h"

namespace fovea {

std::string compiler_description() {
#if defined(__clang__)
  return cat("Clang ", __clang_major__, ".", __clang_minor__, ".", __clang_patchlevel__);
#else
  return cat("GCC ", __GNUC__, ".", __GNUC_MINOR__, ".", __GNUC_PATCHLEVEL__);
#endif
}

std::string target_description() {
#if defined(__AVX512F__)
  const char* vectors = "AVX-512";
#elif defined(__AVX2__)
  const char* vectors = "AVX2";
#elif defined(__SSE2__)
  const char* vectors = "SSE2";
#elif defined(__aarch64__)
  const char* vectors = "NEON";
#else
  const char* vectors = "baseline vectors";
#endif
  return cat(vectors, ", ", sizeof(Real) == 4 ? "float" : "double");
}

std::string flags_description() {
  return FOVEA_FLAGS;
}

std::string machine_line() {
  return cat(threads(), threads() == 1 ? " thread on " : " threads on ", available_cpus(),
             available_cpus() == 1 ? " CPU, " : " CPUs, ", blas_description(), ", ",
             compiler_description(), " (", target_description(), ", ", flags_description(), ")");
}

std::string resume_command(const std::string& folder) {
  const std::string program = program_invocation_name;
  if (program.substr(program.rfind('/') + 1) != "mnist_stn") return program;
  const bool plain = folder.find_first_of(" \t'\"$&;()<>|*?[]#~`\\\n") == folder.npos;
  return cat(program, " train --resume ", plain ? folder : cat("'", folder, "'"));
}

}  // namespace fovea
