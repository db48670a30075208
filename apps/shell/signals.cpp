#include "apps/shell/signals.h"

#include <unistd.h>

#include <csignal>

namespace fovea {

namespace {

volatile std::sig_atomic_t received_signal = 0;

void note_signal(int signal) {
  if (received_signal != 0) ::_exit(128 + signal);
  received_signal = signal;
}

struct sigaction before_int, before_term, before_pipe;

}  // namespace

StopSignals::StopSignals() {
  received_signal = 0;
  struct sigaction action = {};
  action.sa_handler = note_signal;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &action, &before_int);
  ::sigaction(SIGTERM, &action, &before_term);
  action.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &action, &before_pipe);
}

StopSignals::~StopSignals() {
  ::sigaction(SIGINT, &before_int, nullptr);
  ::sigaction(SIGTERM, &before_term, nullptr);
  ::sigaction(SIGPIPE, &before_pipe, nullptr);
}

int StopSignals::received() {
  return received_signal;
}

}  // namespace fovea
