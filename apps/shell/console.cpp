#include "apps/shell/console.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "core/error.h"

namespace fovea {

namespace {

bool muted = false;
int failure = 0;  // the errno after which nothing is written any more

}  // namespace

void reserve_standard_streams() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
    // The lowest free number is this one. A folder, because it can be neither read nor written: who
    // tries is told so, as with a closed descriptor.
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/", O_RDONLY | O_DIRECTORY) != fd)
      fail("descriptor ", fd, " is closed and cannot be reserved: ", std::strerror(errno));
}

void mute() {
  muted = true;
}

void print(std::string_view text) {
  while (!muted && failure == 0 && !text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {  // a pipe that somebody made non-blocking
      pollfd ready = {STDOUT_FILENO, POLLOUT, 0};
      ::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      failure = errno;
    }
  }
}

bool output_closed() {
  return failure == EPIPE;
}

std::string output_failure() {
  if (std::fflush(stdout) != 0 || std::ferror(stdout)) {  // of those who printf()
    if (failure == 0) failure = errno != 0 ? errno : EIO;
  }
  return failure == 0 ? ""
                      : cat("standard output: cannot be written: ", std::strerror(failure),
                            "; what it was to hold is lost");
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
  if (muted) return;
  const std::string line = cat("warning: ", printable(text, 4000), "\n");
  if (::write(STDERR_FILENO, line.data(), line.size()) < 0) return;  // nobody is left to tell
}

}  // namespace fovea
