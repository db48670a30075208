// mnist_stn: trains, judges and shows spatial-transformer networks.
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <new>
#include <string>
#include <system_error>

#include "apps/mnist_stn/command_line.h"
#include "apps/shell/console.h"
#include "apps/shell/usage_error.h"
#include "core/error.h"
#include "core/memory.h"

namespace {

const std::string need_less =
    "; try a smaller --batch, fewer --threads, a smaller set or a higher ulimit -v";

int fail_with(int code, const std::string& text) {
  std::fprintf(stderr, "mnist_stn: error: %s\n", fovea::printable(text, 4000).c_str());
  return code;
}

// OpenBLAS starts threads while it is loaded. Under a limit of memory (ulimit -v) they spin for the
// buffer that they do not get, and the program cannot end; so it starts again, without them.
void forbid_blas_threads(char** argv) {
  rlimit memory = {};
  if (::getrlimit(RLIMIT_AS, &memory) != 0 || memory.rlim_cur == RLIM_INFINITY) return;
  const char* now = std::getenv("OPENBLAS_NUM_THREADS");
  if (now && std::string_view(now) == "1") return;
  ::setenv("OPENBLAS_NUM_THREADS", "1", 1);
  ::execv("/proc/self/exe", argv);
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file beyond `ulimit -f` is an error like a full disk
  forbid_blas_threads(argv);
  try {
    fovea::reserve_standard_streams();
    const int code = fovea::run_command_line(argc, argv);
    const std::string lost = fovea::output_failure();
    return code == 0 && !lost.empty() ? fail_with(1, lost) : code;
  } catch (const fovea::UsageError& error) {
    return fail_with(2, error.what());
  } catch (const fovea::OutOfMemory& error) {
    return fail_with(1, error.what() + need_less);
  } catch (const std::bad_alloc&) {
    return fail_with(1, "out of memory" + need_less);
  } catch (const std::filesystem::filesystem_error& error) {
    return fail_with(1, fovea::cat(error.path1().string(), ": ", error.code().message()));
  } catch (const std::system_error& error) {
    return fail_with(1, fovea::cat("a thread cannot be started: ", error.code().message(),
                                   "; use fewer --threads, or raise ulimit -u or ulimit -v"));
  } catch (const std::exception& error) {
    return fail_with(1, error.what());
  }
}
