#include "apps/shell/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "core/error.h"

namespace fovea {

namespace {

bool closed = false;

}  // namespace

void print(std::string_view text) {
  while (!closed && !text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EPIPE || errno == EBADF) {
      closed = true;
    } else if (errno != EINTR && errno != EAGAIN) {
      fail("standard output: cannot be written: ", std::strerror(errno));
    }
  }
}

bool output_closed() {
  return closed;
}

bool output_is_terminal() {
  const char* kind = std::getenv("TERM");
  return ::isatty(STDOUT_FILENO) && !(kind && std::string_view(kind) == "dumb");
}

int terminal_width() {
  winsize size = {};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

void warn(std::string_view text) {
  const std::string line = cat("warning: ", printable(text, 4000), "\n");
  if (::write(STDERR_FILENO, line.data(), line.size()) < 0) return;  // nobody is left to tell
}

}  // namespace fovea
