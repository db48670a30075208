#include "apps/shell/program.h"

#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <new>
#include <string>
#include <string_view>
#include <system_error>

#include "apps/shell/console.h"
#include "apps/shell/usage_error.h"
#include "core/memory.h"

namespace fovea {

namespace {

const char* program_name = "fovea";
std::string (*speaker_before)() = nullptr;

const std::string need_less =
    "; try a smaller --batch, fewer --threads, a smaller set or a higher ulimit -v";

int fail_with(int code, const std::string& text) {
  complain(((speaker_before ? speaker_before() : "") + text).c_str());
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

void complain(const char* text) {
  const std::string line = cat(program_name, ": error: ", printable(text, 4000), "\n");
  if (::write(STDERR_FILENO, line.data(), line.size()) < 0) return;  // nobody is left to tell
}

int run_program(const char* name, int argc, char** argv, int (*work)(int argc, char** argv),
                std::string (*speaker)()) {
  program_name = name;
  speaker_before = speaker;
  for (const int signal : {SIGXFSZ, SIGPIPE}) std::signal(signal, SIG_IGN);
  forbid_blas_threads(argv);
  try {
    reserve_standard_streams();
    const int code = work(argc, argv);
    const std::string lost = output_failure();
    return code == 0 && !lost.empty() ? fail_with(1, lost) : code;
  } catch (const UsageError& error) {
    return fail_with(2, error.what());
  } catch (const OutOfMemory& error) {
    return fail_with(1, error.what() + need_less);
  } catch (const std::bad_alloc&) {
    return fail_with(1, "out of memory" + need_less);
  } catch (const std::filesystem::filesystem_error& error) {
    return fail_with(1, cat(error.path1().string(), ": ", error.code().message()));
  } catch (const std::system_error& error) {
    return fail_with(1, cat("a thread cannot be started: ", error.code().message(),
                            "; use fewer --threads, or raise ulimit -u or ulimit -v"));
  } catch (const std::exception& error) {
    return fail_with(1, error.what());
  }
}

}  // namespace fovea
