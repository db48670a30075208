// Running part of a test in a process of its own, where limits and faults hurt nobody else.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <stdexcept>
#include <string>

namespace fovea::testing {

/// Runs `action` in a child process and returns the text of the exception it threw, "" if none,
/// "crashed" if the child did not get that far.
template <class Action>
std::string message_in_child(const Action& action) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("pipe failed");
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child == 0) {
    std::string text;
    try {
      action();
    } catch (const std::exception& error) {
      text = error.what();
    }
    text += '.';  // proves that the child got here
    // writev, because the action may have made write fail.
    const iovec part{text.data(), text.size()};
    ::_exit(::writev(ends[1], &part, 1) < 0);
  }
  ::close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t n; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(n));
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  if (text.empty()) return "crashed";
  text.pop_back();
  return text;
}

/// For a child: no file may grow beyond `bytes` from here on; needs no privilege.
inline void limit_file_size(std::size_t bytes) {
  std::signal(SIGXFSZ, SIG_IGN);  // the write then fails with EFBIG
  const rlimit limit{bytes, bytes};
  if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) throw std::runtime_error("setrlimit failed");
}

/// What an action throws when the sandbox forbids the fault; the test then warns and skips.
inline const std::string not_permitted = "fault not permitted here";

/// For a child: system call `number` fails with `error` from here on.
inline void fail_system_call(long number, int error) {
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(number), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{4, filter};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
    throw std::runtime_error(not_permitted);
}

}  // namespace fovea::testing
