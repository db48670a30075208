#include "apps/shell/signals.h"

#include <unistd.h>

#include <csignal>
#include <iterator>

namespace fovea {

namespace {

volatile std::sig_atomic_t received_signal = 0;

void note_signal(int signal) {
  // A terminal that is closed sends SIGHUP twice, from the kernel and from the shell.
  if (received_signal != 0 && signal != SIGHUP) ::_exit(128 + signal);
  if (received_signal == 0) received_signal = signal;
}

constexpr int stopping[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
struct sigaction before[std::size(stopping)], before_pipe;

}  // namespace

StopSignals::StopSignals() {
  received_signal = 0;
  struct sigaction action = {};
  action.sa_handler = note_signal;
  action.sa_flags = SA_RESTART;
  for (std::size_t i = 0; i < std::size(stopping); ++i) {
    ::sigaction(stopping[i], &action, &before[i]);
    // nohup: the run is to outlive its terminal.
    if (stopping[i] == SIGHUP && before[i].sa_handler == SIG_IGN)
      ::sigaction(SIGHUP, &before[i], nullptr);
  }
  action.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &action, &before_pipe);
}

StopSignals::~StopSignals() {
  for (std::size_t i = 0; i < std::size(stopping); ++i)
    ::sigaction(stopping[i], &before[i], nullptr);
  ::sigaction(SIGPIPE, &before_pipe, nullptr);
}

int StopSignals::received() {
  return received_signal;
}

}  // namespace fovea
